"""Where a run's data comes from and where its output goes; the look of its headings."""

import ctypes
import os
import platform
from itertools import count
from pathlib import Path

import torch

from postergenre.data.demo.make import make_demo

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's malloc.h


def find_data(data: str | None) -> Path:
    "The folder or CSV of movies: --data, else POSTERGENRE_DATA, else demo posters, said loudly."
    if data:
        return Path(data).expanduser()
    if env := os.environ.get("POSTERGENRE_DATA"):
        print(f"Data: {env} (from POSTERGENRE_DATA)")
        return Path(env).expanduser()
    print("*** No --data and no POSTERGENRE_DATA: using DEMO posters, drawn by the library. ***")
    print("*** The figures below say nothing about real posters.                        ***")
    return make_demo("demo_posters")


def new_folder(out: str | None, name: str) -> Path:
    "A folder for the run that overwrites none: --out if it is free (else ValueError), or runs/NAME, runs/NAME-2, ..."
    tries = [Path(out)] if out else (Path("runs") / (f"{name}-{i}" if i > 1 else name) for i in count(1))
    folder = next(f for f in tries if out or not f.exists())
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"--out {out} is not empty; name another folder, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def parse_size(size: str | int) -> int | tuple[int, int]:
    "'150' -> 150, '224x160' -> (224, 160), that is height x width. ValueError: neither."
    parts = str(size).lower().split("x")
    if len(parts) > 2 or not all(p.strip().isdecimal() for p in parts):
        raise ValueError(f"--size {size} should be pixels such as 150, or HEIGHTxWIDTH such as 224x160")
    numbers = tuple(map(int, parts))
    return numbers[0] if len(numbers) == 1 else numbers


def device_name() -> str:
    "The device that trains, in words."
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return "Apple GPU" if torch.backends.mps.is_available() else f"CPU, {threads} thread{'s' * (threads > 1)}"


def section(title: str) -> None:
    "A heading in the output."
    print(f"\n== {title} " + "=" * max(4, 76 - len(title)), flush=True)


def keep_memory() -> bool:  # False where there is no glibc, and nothing was changed
    """Let this process keep the memory it frees, as glibc's MALLOC_MMAP_MAX_=0 and MALLOC_TRIM_THRESHOLD_=-1 do.

    By default glibc gives large blocks back at once and the system hands them out anew, page by page, in each batch.
    For a command of its own only: importing postergenre never does this.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, -1))
