"""A page served: from a folder of its own, with limits, with nothing from outside."""

import os
import socket
from collections.abc import Callable
from contextlib import chdir, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI

from postergenre.app.door import Door
from postergenre.data.demo.make import draw_poster

MOST_MB = 20  # of one poster
MOST_MB_AT_ONCE = 400
MOST_UPLOADS = 8  # at the same time
SESSIONS = 200  # browsers whose last answers are kept
EXAMPLES = ("Horror", "Romance Comedy", "Animation Family", "Sci-Fi", "War", "Fantasy Adventure")
# What systems have: Gradio's own themes ask for fonts elsewhere.
FONTS = ("Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Arial", "sans-serif")
STYLE = Path(__file__).with_name("app.css")


def serve(
    learn,  # a PosterLearner or PosterEnsemble
    place: socket.socket,  # that listens
) -> None:
    "Serve the page of a model until it is stopped; the folder it works in is gone afterwards."
    with TemporaryDirectory(prefix="postergenre-") as folder, chdir(folder):
        os.environ["GRADIO_TEMP_DIR"] = "uploads"  # Gradio takes it from here alone
        app = application(learn, Path(folder).resolve())
        host, port = place.getsockname()[:2]
        print(f"Open http://{host}:{port} in a browser; Ctrl+C ends it", flush=True)
        config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=1)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[place])


def application(learn, folder: Path) -> Door:
    "The page as an ASGI application that works in a folder, the current one."
    import gradio as gr  # after its folder was named
    from gradio.blocks import Block

    from postergenre.app.page import UPLOADS, build

    move = Block.async_move_resource_to_block_cache
    Block.async_move_resource_to_block_cache = _of_uploads(move, folder / UPLOADS)
    page = build(learn, _examples(folder))
    page.state_session_capacity = SESSIONS
    theme = gr.themes.Default(primary_hue="teal", font=FONTS, font_mono=FONTS)
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    limits = {"max_file_size": f"{MOST_MB}mb", "show_error": False, "enable_monitoring": False}
    plain = {"footer_links": [], "run_history": False, "ssr_mode": False, "pwa": False, "mcp_server": False}
    app = gr.mount_gradio_app(bare, page, "/", theme=theme, css_paths=[STYLE], **limits, **plain)
    return Door(app, folder, MOST_MB_AT_ONCE * 1_000_000, MOST_UPLOADS)


def _of_uploads(move: Callable, uploads: Path) -> Callable:
    """Of a page that is mounted, not launched, Gradio takes any path for that of an upload.

    It would show any picture of this machine, fetch what stands elsewhere, and delete no more uploads once a path was
    that of their folder.
    """

    async def moved(block, path):
        file = Path(path or "").resolve()
        if path is not None and not (file.is_relative_to(uploads) and file.is_file()):
            import gradio as gr

            raise gr.Error("Only posters that were uploaded can be looked at; drop it again", print_exception=False)
        return await move(block, path)

    return moved


def _examples(folder: Path) -> list[Path]:
    (folder / "examples").mkdir()
    files = []
    for seed, genres in enumerate(EXAMPLES):
        files.append(folder / "examples" / f"{genres.lower().replace(' ', '-')}.jpg")
        draw_poster(genres.split(), seed).save(files[-1], quality=90)
    return files
