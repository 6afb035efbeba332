"""A model in a browser: `python -m postergenre.app runs/probe/model`."""

import argparse
import socket
import sys
from importlib.util import find_spec


def main(argv: list[str] | None = None) -> None:
    "Parse the command line, load the model, serve the page until it is stopped."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.app",
        description="Show a model in a browser: drop posters, see their genres and where on them it sees them. "
        "The page asks for nothing from elsewhere.",
        epilog="example: python -m postergenre.app runs/probe/model",
    )
    model = "folder of save_pretrained, user/name on the hub, or file of learn.export, which runs code"
    parser.add_argument("model", nargs="?", help=f"{model} (default: the model that comes with postergenre)")
    parser.add_argument("--port", type=int, default=7860, help="of the address (default: %(default)s; 0: any free one)")
    host = "who may see the page: 127.0.0.1, this machine alone (default); 0.0.0.0, all who reach it"
    parser.add_argument("--host", default="127.0.0.1", help=host)
    args = parser.parse_args(argv)
    try:
        if find_spec("gradio") is None:
            raise ImportError("The page needs the package gradio: pip install 'postergenre[app]'")
        with listening(args.host, args.port) as place:
            from postergenre.app.serve import serve
            from postergenre.predict import learner_of, model_at

            serve(learner_of(*model_at(args.model), "which shows why"), place)
    except (OSError, ValueError, ImportError) as e:
        sys.exit(f"{parser.prog}: {e}")


def listening(host: str, port: int) -> socket.socket:  # OSError: the port is taken
    "A socket at an address."
    try:
        return socket.create_server((host, port))
    except (OSError, OverflowError) as e:
        raise OSError(f"The port {port} of {host} is taken or cannot be had; choose another: --port 0") from e


if __name__ == "__main__":
    main()
