"""The files of a model folder, checked before any memory is taken: what they are, how long, whole or not."""

import hashlib
import json
import math
import mmap
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

FORMAT, VERSION = "postergenre", 1
SEAL = "sha256"  # entry of config.json: the digest of all else that it says; folders of before it have none
CONFIG, TENSORS, CARD, GRAPH = "config.json", "model.safetensors", "README.md", "model.onnx"
KINDS = ("network", "probe", "ensemble")
MAX_CONFIG = MAX_HEADER = 8 * 2**20  # bytes; of a hundred genres and a thousand layers these are some 100,000
MAX_SIDE = 4096  # pixels of a side of what a network looks at
MAX_GENRES = 10_000
PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # names of files: none climbs out of the folder


def is_folder(model) -> bool:
    "Whether it is the path of a model folder; a learner or a file of one is none."
    return isinstance(model, str | Path) and Path(model).expanduser().is_dir()


def read_config(
    folder: str | Path,  # that learn.save_pretrained wrote
) -> dict:  # FileNotFoundError, ValueError: what is wrong with it
    "What config.json says of a model, once it is sure that it makes sense; `check_file` looks at the files beside it."
    folder = Path(folder).expanduser()
    file = folder / CONFIG
    if not file.is_file():
        raise FileNotFoundError(
            f"There is no {file} (seen from {Path.cwd()}); pass a folder that learn.save_pretrained wrote"
        )
    check_inside(file, folder)
    if file.stat().st_size > MAX_CONFIG:
        raise ValueError(f"{file} is larger than {MAX_CONFIG:,} bytes, so it describes no model; save the model again")
    try:
        config = json.loads(file.read_text(encoding="utf-8"), parse_int=_whole_number)
        intact = not isinstance(config, dict) or config.get(SEAL) in (None, seal_of(config))
    except (ValueError, RecursionError) as e:
        raise ValueError(f"{file} is no whole JSON file ({e}); save the model again") from e
    check_config(config, file)
    if not intact:
        raise ValueError(
            f"{file} does not say what it said when it was saved (its {SEAL} differs); copy or download the folder "
            "again, or load the model, change it and save it"
        )
    return config


def _whole_number(digits: str) -> int:  # ValueError: more than a number of 64 bits has
    if len(digits) > 19:
        raise ValueError(f"it has a number of {len(digits)} digits")
    return int(digits)


def seal_of(config: Mapping) -> str:
    "The SHA-256 of what a config.json says, however it is laid out, but for the entry that holds it."
    said = {name: value for name, value in config.items() if name != SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def sealed(config: Mapping) -> dict:
    "What config.json says, with its digest."
    return {**config, SEAL: seal_of(config)}


def read_member(
    folder: Path,  # of an ensemble
    config: Mapping,  # of it
    about: Mapping,  # what it says of the member
) -> tuple[Path, dict]:  # FileNotFoundError, ValueError: it is none, or another than the one that was saved
    "The folder of a member of an ensemble, and what its config.json says."
    own = folder / check_name(about.get("folder"), folder / CONFIG)
    check_inside(own, folder)
    said = read_config(own)
    if said["kind"] == "ensemble":
        raise ValueError(f"{own} is an ensemble in an ensemble, which is none of ours; do not use this model")
    if said["genres"] != config["genres"]:
        raise ValueError(f"{own} knows other genres than {folder / CONFIG} says; copy the whole folder")
    if about.get(SEAL) not in (None, said.get(SEAL)):
        raise ValueError(f"{own} is not the member that was saved (its {SEAL} differs); copy the whole folder again")
    return own, said


def check_config(config, file: Path) -> None:  # ValueError
    "Make sure that what a config.json says is of this format and of the right kinds and lengths."

    def wrong(what: str) -> ValueError:
        return ValueError(f"{file}: {what}; save the model again with learn.save_pretrained")

    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ValueError(f"{file} describes no model of postergenre; pass a folder that learn.save_pretrained wrote")
    version = config.get("format_version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise ValueError(
            f"{file} is of format {version!r}, and this postergenre reads format {VERSION}; "
            + ("update it: pip install -U postergenre" if newer else "save the model again with learn.save_pretrained")
        )
    if config.get("kind") not in KINDS:
        raise wrong(f"kind {config.get('kind')!r} is none of {', '.join(KINDS)}")
    genres = config.get("genres")
    if not isinstance(genres, list) or not all(isinstance(g, str) and g.strip() for g in genres):
        raise wrong("genres is no list of names")
    if not 0 < len(genres) <= MAX_GENRES or len(set(genres)) < len(genres):
        raise wrong("genres should be different names, one or more")
    n, thresholds, scales = len(genres), config.get("thresholds"), config.get("calibration")
    if not are_numbers([thresholds], 1) and not are_numbers(thresholds, n):
        raise wrong(f"thresholds should be one number, or {n}, one a genre")
    if scales is not None and not (
        isinstance(scales, dict) and all(are_numbers(scales.get(name), n) for name in ("scale", "bias"))
    ):
        raise wrong(f"calibration should have {n} numbers each as scale and bias, one a genre")
    if config.get("frequencies") is not None and not are_numbers(config["frequencies"], n):
        raise wrong(f"frequencies should be {n} numbers, one a genre")
    files = config.get("files")
    if not isinstance(files, dict) or not all(isinstance(about, dict) for about in files.values()):
        raise wrong("files should say size and sha256 of each")
    for name in files:
        check_name(name, file)
    if config["kind"] == "ensemble":
        members = config.get("members")
        if not isinstance(members, list) or not members or not all(isinstance(m, dict) for m in members):
            raise wrong("members should be a list, of one or more")
        for member in members:
            check_name(member.get("folder"), file)
            if not isinstance(member.get("views"), str) or not _is_weight(member.get("weight"), n):
                raise wrong("a member should have a weight, a number or one a genre, and views, a text")
        subsets = config.get("subsets", [])
        if not isinstance(subsets, list) or not all(isinstance(some, dict) for some in subsets):
            raise wrong("subsets should be a list, of members and their weights each")
        for some in subsets:
            there, weights = some.get("members"), some.get("weights")
            if not isinstance(there, list) or not all(type(i) is int and 0 <= i < len(members) for i in there):
                raise wrong(f"a subset's members should be numbers from 0 to {len(members) - 1}")
            if (
                not isinstance(weights, list)
                or len(weights) != len(members)
                or not all(_is_weight(w, n) for w in weights)
            ):
                raise wrong("a subset should have a weight a member")


def check_name(name, file: Path) -> str:  # ValueError
    "Make sure that a name is that of a file in the folder itself."
    if not isinstance(name, str) or not PLAIN.fullmatch(name):
        raise ValueError(
            f"{file} names {name!r}, which is no plain name of a file in its own folder; do not use this model"
        )
    return name


def check_inside(path: Path, folder: Path) -> None:  # ValueError
    "Make sure that a path is no link out of the folder, but that which the hub's cache makes of each file."
    real, own = path.resolve(), folder.resolve()
    caches = [above.parent / "blobs" for above in own.parents[:2] if above.name == "snapshots"]
    if not any(real.is_relative_to(place) for place in (own, *caches)):
        raise ValueError(f"{path} is a link to {real}, out of the model's folder; copy the file itself into it")


def check_file(folder: Path, name: str, config: Mapping) -> Path:  # FileNotFoundError, ValueError
    "The path of a file that config.json names, once it is sure that it is the one that was saved: size and digest."
    file, about = folder / check_name(name, folder / CONFIG), config["files"].get(name)
    if about is None:
        raise ValueError(f"{folder / CONFIG} does not say how long {name} is; save the model again")
    if not file.is_file():
        raise FileNotFoundError(f"There is no {file}, which {CONFIG} names; copy the model's folder as a whole")
    check_inside(file, folder)
    size = file.stat().st_size
    if size != about.get("size"):
        raise ValueError(
            f"{file} has {size:,} bytes and should have {about.get('size')!r}: it is cut short or another file; copy "
            "or download the folder again"
        )
    if digest_of(file) != about.get("sha256"):
        raise ValueError(
            f"{file} is not the file that was saved (its SHA-256 differs from the one in {CONFIG}); copy or download "
            "the folder again"
        )
    return file


def check_header(file: Path) -> None:  # ValueError
    "Make sure that what says which tensors a file holds is not so long that reading it would take the memory."
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
    if length > MAX_HEADER or length + 8 > file.stat().st_size:
        raise ValueError(
            f"{file} says that its header has {length:,} bytes, more than the {MAX_HEADER:,} that are read, or than it "
            "has; do not use this model"
        )


def check_size(size, file: str | Path = CONFIG) -> tuple[int, int]:  # (height, width). ValueError
    "Make sure that a size is two numbers of pixels."
    if not isinstance(size, list) or len(size) != 2 or not all(type(s) is int and 0 < s <= MAX_SIDE for s in size):
        raise ValueError(f"{file}: size {size!r} should be [height, width] in pixels, at most {MAX_SIDE} each")
    return tuple(size)


def packaged(digest: str, package: str, bodies: bool) -> dict:  # ValueError: bodies, which cannot be copied
    "What config.json says of networks that are only ever those of their packages."
    if bodies:
        raise ValueError(f"The networks {package} stay in their packages; leave include_bodies out")
    return {"body": {"package": package, "sha256": digest}}


def check_package(body, digest: str) -> None:  # ValueError
    "Make sure that a package still holds the weights that a model was made with: digest is that of what it holds here."
    if not isinstance(body, dict) or body.get("sha256") != digest:
        package = body.get("package") if isinstance(body, dict) else body
        raise ValueError(
            f"The installed package {package} holds other weights than those the model was saved with (their SHA-256 "
            "differ); install the version it was saved with, or save it with include_bodies=True"
        )


def digest_of(file: Path) -> str:
    "The SHA-256 of a file."
    if not file.stat().st_size:
        return hashlib.sha256().hexdigest()
    # at once: a file read in parts waits for other threads at each of them
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return hashlib.sha256(content).hexdigest()


def about_file(file: Path) -> dict:  # as check_file wants it
    "What config.json says of a file beside it."
    return {"size": file.stat().st_size, "sha256": digest_of(file)}


def _is_weight(weight, n: int) -> bool:
    return are_numbers([weight], 1) or are_numbers(weight, n)


def are_numbers(values, n: int) -> bool:
    "Whether these are n finite numbers."
    listed = isinstance(values, Sequence) and not isinstance(values, str) and len(values) == n
    return listed and all(type(v) in (int, float) and math.isfinite(v) for v in values)
