"""A model's folder by its name: on this machine, or from the Hugging Face hub."""

from pathlib import Path

from postergenre.data.terminal import first_line
from postergenre.portable.folder import CARD, CONFIG, TENSORS, is_folder


def model_folder(
    name: str | Path,  # folder that save_pretrained wrote, or user/name on the hub
    revision: str | None = None,  # branch, tag or commit on the hub; None: main
    token: str | bool | None = None,  # for private repositories; None: that of `hf auth login`
    cache_dir: str | Path | None = None,  # where downloads are kept; None: the hub's cache
    local_files_only: bool = False,  # of the hub use what is in the cache
) -> Path:  # FileNotFoundError: there is none, and why
    "Where a model's files lie; those of the hub are downloaded, if they are not in its cache already."
    if is_folder(name):
        return Path(name).expanduser()
    if (file := Path(name).expanduser()).is_file():  # the hub is not asked for it
        raise FileNotFoundError(
            f"{file} is a file, no folder that learn.save_pretrained wrote; one of learn.export runs code when it is "
            "loaded: load_learner(file) if you trust it"
        )
    from huggingface_hub import errors, snapshot_download

    files = [f"{place}{file}" for place in ("", "member-*/") for file in (CONFIG, TENSORS, CARD, "*.onnx", "*.json")]
    where = {"revision": revision, "token": token, "cache_dir": cache_dir, "local_files_only": local_files_only}
    try:
        return Path(snapshot_download(str(name), allow_patterns=files, **where))
    except errors.RevisionNotFoundError as e:
        raise FileNotFoundError(f"The model {name} on the hub has no revision {revision!r}; name another") from e
    except errors.RepositoryNotFoundError as e:
        raise FileNotFoundError(
            f"There is no folder {name} (seen from {Path.cwd()}), and on the hub no such model, or it is private: then "
            "pass token=, or log in with: hf auth login"
        ) from e
    except (OSError, ValueError) as e:
        raise FileNotFoundError(
            f"There is no folder {name} (seen from {Path.cwd()}), and no such model can be had from the hub "
            f"({first_line(e)}); pass a folder that learn.save_pretrained wrote, or user/name"
        ) from e
