"""Draw the demo posters: `python -m postergenre.recipes.demo posters --n 200`."""

import argparse

from postergenre.data.demo.make import make_demo


def main(
    argv: list[str] | None = None,  # None: the command line
) -> None:
    "The command line."
    parser = argparse.ArgumentParser(
        prog="python -m postergenre.recipes.demo",
        description="Draw demo movie posters with metadata, in the layout of the study. Nothing is downloaded.",
        epilog="example: python -m postergenre.recipes.demo posters --n 200 --seed 1",
    )
    parser.add_argument("path", help="folder to make; one that already holds this very demo is left as it is")
    parser.add_argument("--n", type=int, default=1000, help="posters to draw, about 50 a second (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=42, help="the same seed, the same posters (default: %(default)s)")
    args = parser.parse_args(argv)
    try:
        path = make_demo(args.path, args.n, args.seed)
    except (ValueError, OSError) as e:
        parser.error(str(e))
    print(f"{args.n} posters lie in {path}. In Python: read_movies({str(path)!r})")


if __name__ == "__main__":
    main()
