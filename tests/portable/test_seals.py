"""What holds a model's folder together: the digest of what config.json says, its members, no links out of it."""

import json
from pathlib import Path

import pytest

from postergenre.portable.folder import check_file, check_inside, digest_of, read_config, read_member, seal_of, sealed

NETWORK = {"format": "postergenre", "format_version": 1, "kind": "network", "genres": ["Drama", "War"]}
NETWORK |= {"thresholds": 0.5, "files": {}}
ENSEMBLE = NETWORK | {"kind": "ensemble", "members": [{"folder": "member-0", "weight": 1, "views": "auto"}]}


def said(call, *args) -> str:
    with pytest.raises(ValueError) as e:
        call(*args)
    return str(e.value)


def write(folder: Path, config: dict) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_seal_is_of_what_is_said_however_it_is_laid_out(tmp_path):
    # folders that were saved hold it: it stays the same for ever
    assert seal_of({"a": [1], "b": "é"}) == "a2602dc03305d336b5b7f11976c6c83315a8f3d10cd8e773696df557877a48b0"
    assert seal_of({"b": "é", "a": [1], "sha256": "any"}) == seal_of({"a": [1], "b": "é"}) != seal_of({"a": [1]})
    config = sealed(NETWORK)
    assert config == NETWORK | {"sha256": seal_of(NETWORK)} and sealed(config) == config
    write(tmp_path, config)
    (tmp_path / "config.json").write_text(json.dumps(dict(reversed(config.items())), indent=3))
    assert read_config(tmp_path) == config
    write(tmp_path, config | {"thresholds": 0.6})
    assert said(read_config, tmp_path) == (
        f"{tmp_path / 'config.json'} does not say what it said when it was saved (its sha256 differs); copy or download"
        " the folder again, or load the model, change it and save it"
    )
    assert read_config(write(tmp_path, NETWORK)) == NETWORK  # of before there were seals


def test_members_are_those_that_were_saved(tmp_path):
    own = write(tmp_path / "member-0", sealed(NETWORK))
    about, config = ENSEMBLE["members"][0], sealed(NETWORK)
    for known in (about, about | {"sha256": config["sha256"]}):
        assert read_member(tmp_path, ENSEMBLE, known) == (own, config)
    other = f"{own} is not the member that was saved (its sha256 differs); copy the whole folder again"
    assert said(read_member, tmp_path, ENSEMBLE, about | {"sha256": "0"}) == other
    genres = f"{own} knows other genres than {tmp_path / 'config.json'} says; copy the whole folder"
    assert said(read_member, tmp_path, ENSEMBLE | {"genres": ["War", "Drama"]}, about) == genres
    write(own, ENSEMBLE)
    nested = f"{own} is an ensemble in an ensemble, which is none of ours; do not use this model"
    assert said(read_member, tmp_path, ENSEMBLE, about) == nested
    assert "names '..', which is no plain name" in said(read_member, tmp_path, ENSEMBLE, about | {"folder": ".."})
    with pytest.raises(FileNotFoundError, match="member-1"):
        read_member(tmp_path, ENSEMBLE, {"folder": "member-1"})


def test_no_link_leaves_the_folder_but_for_the_hubs_cache(tmp_path):
    away, folder = write(tmp_path / "away", NETWORK), tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").symlink_to(away / "config.json")
    link = f"is a link to {away / 'config.json'}, out of the model's folder; copy the file itself into it"
    assert said(read_config, folder) == f"{folder / 'config.json'} {link}"
    (folder / "member-0").symlink_to(away)
    about = {"folder": "member-0", "weight": 1, "views": "auto"}
    assert "is a link to" in said(read_member, folder, ENSEMBLE, about)
    (away / "a").write_bytes(b"abc")
    (folder / "a").symlink_to(away / "a")
    files = {"files": {"a": {"size": 3, "sha256": digest_of(away / "a")}}}
    assert "is a link to" in said(check_file, folder, "a", files)
    (folder / "within").symlink_to(folder / "b")
    assert check_inside(folder / "within", folder) is None
    # as huggingface_hub lays it out: models--user--name/snapshots/commit/file -> ../../blobs/digest
    for depth, own in ((1, "commit"), (2, "commit/member-0")):
        cached = tmp_path / "cache" / "snapshots" / own
        cached.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache" / "blobs").mkdir(exist_ok=True)
        (cached / f"{depth}.json").symlink_to(tmp_path / "cache" / "blobs" / "digest")
        assert check_inside(cached / f"{depth}.json", cached) is None
    deep = tmp_path / "cache" / "snapshots" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "x").symlink_to(tmp_path / "cache" / "blobs" / "digest")
    assert "is a link to" in said(check_inside, deep / "x", deep)
