"""Demo posters: drawn, not downloaded, so that everything in the library runs offline.

python -m postergenre.recipes.demo posters --n 1000 --seed 42
"""

import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from postergenre.data.demo.plan import Movie, plan_movies
from postergenre.data.demo.poster import paint
from postergenre.data.genres import GENRES, check_genres
from postergenre.data.progress import progress as progress_bar
from postergenre.data.study import STUDY_METADATA, STUDY_POSTERS

VERSION = 2  # of the drawings: raise it when the same seed gives other bytes
MARKER = "demo.json"


def draw_poster(
    genres: list[str],  # some of the 20 merged genres; their order does not matter
    seed: int,  # the same seed, the same poster
    size: tuple[int, int] = (300, 440),  # width and height in pixels
    title: str | None = None,  # None: an invented one
) -> Image.Image:  # RGB. ValueError: a genre is unknown, or there is none
    "Draw one poster that shows its genres."
    genres = check_genres(genres, GENRES)
    if min(size) < 60 or max(size) > 600:
        raise ValueError(f"size is {size}; a poster may be 60 to 600 pixels wide and high, for example size=(300, 440)")
    return paint(sorted(set(genres)), str(seed), size, title)


def make_demo(
    path: str | Path,  # folder to make; one that already holds this demo is used as it is
    n: int = 1000,  # movies with a poster and a genre
    seed: int = 42,  # the same seed, the same files
    progress: bool | None = None,  # show a bar; None: in a terminal or notebook
) -> Path:  # path, ready for the reader. ValueError, FileExistsError: nothing was changed
    "Draw a data set in the layout of the study: n posters and their metadata."
    path = Path(path)
    if n < 1 or seed < 0:
        raise ValueError(f"n is {n} and seed is {seed}; n must be 1 or more, seed 0 or more, as n=1000, seed=42")
    marker = {"made_by": "postergenre.data.demo.make", "version": VERSION, "n": n, "seed": seed}
    if _already_there(path, marker):
        return path
    target = path.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent, ignore_cleanup_errors=True) as scratch:
            built = Path(scratch) / "demo"
            movies = plan_movies(n, seed)
            _write_metadata(built, movies)
            _draw_all(built, movies, progress)
            (built / MARKER).write_text(json.dumps(marker) + "\n")
            _move(built, target)
    except OSError:
        # another process may have finished the same demo in the meantime
        if not _already_there(path, marker):
            raise
    return path


def _move(built: Path, target: Path) -> None:
    "Put the finished folder in its place."
    if not target.is_dir():
        built.rename(target)
        return
    # an empty folder may be somebody's working directory: fill it, the marker last
    for child in sorted(built.iterdir(), key=lambda p: p.name == MARKER):
        child.rename(target / child.name)


def _already_there(path: Path, marker: dict) -> bool:
    "Whether path holds this demo; an error if it holds anything else."
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    try:
        found = json.loads((path / MARKER).read_text())
        ours = found["made_by"] == marker["made_by"]
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise FileExistsError(f"{path} exists and is no demo of postergenre: pass a path that does not exist yet.")
    if found != marker:
        raise FileExistsError(
            f"{path} holds the demo with n={found.get('n')}, seed={found.get('seed')}, version {found.get('version')}, "
            f"not n={marker['n']}, seed={marker['seed']}, version {marker['version']}: delete it or pass another path."
        )
    return True


def _write_metadata(root: Path, movies: list[Movie]) -> None:
    "One text file a year, as the study's: UTF-16, Windows line ends, documents one after the other."
    folder = root / STUDY_METADATA
    folder.mkdir(parents=True)
    years: dict[int, list[dict[str, str]]] = {}
    for movie in movies:
        years.setdefault(movie.year, []).append(movie.document)
        if movie.again:
            years[movie.year].append(movie.document | {"_id": movie.document["_id"][::-1]})
    for year, documents in years.items():
        text = "".join(_mongo_shell(d) for d in documents)
        (folder / f"{year}.txt").write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))


def _mongo_shell(document: dict[str, str]) -> str:
    "A document as the Mongo shell prints it, which is JSON but for the _id."
    lines = [f"  {json.dumps(k)} : {json.dumps(v, ensure_ascii=False)}" for k, v in document.items() if k != "_id"]
    lines.insert(0, f'  "_id" : ObjectId("{document["_id"]}")')
    return "{\r\n" + ",\r\n".join(lines) + "\r\n}\r\n"


def _draw_all(root: Path, movies: list[Movie], progress: bool | None) -> None:
    "Draw the posters of all movies, several at a time."
    jobs = [(root, m) for m in movies if m.key is not None]
    for year in {m.year for _, m in jobs}:
        (root / STUDY_POSTERS / str(year)).mkdir(parents=True)
    workers = min(os.cpu_count() or 1, len(jobs) // 20)  # a process costs as much as a few posters
    # fork spares each worker the seconds that the package takes to import; elsewhere it is not safe
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    with ProcessPoolExecutor(workers, context) if workers > 1 else nullcontext() as pool:
        done = pool.map(_draw_one, jobs, chunksize=5) if pool else map(_draw_one, jobs)
        for _ in progress_bar(done, len(jobs), progress):
            pass


def _draw_one(job: tuple[Path, Movie]) -> None:
    "Draw and save one poster."
    root, movie = job
    document = movie.document
    names = [*document["Actors"].split(", "), document["Director"]]
    size = (300 - int(movie.key[-1]) % 4, 424 + int(movie.key[-3:-1]) % 27)
    image = paint(movie.genres, movie.key, size, document["Title"], names)
    image.save(root / STUDY_POSTERS / str(movie.year) / f"{document['imdbID']}.jpg", quality=85)
