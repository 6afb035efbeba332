"""What stands in a config.json, one entry after the other, at the edge of what is right."""

import copy
import hashlib
import json
import re
import struct
from pathlib import Path

import pytest

from postergenre.portable.folder import (
    MAX_CONFIG,
    MAX_HEADER,
    about_file,
    are_numbers,
    check_config,
    check_file,
    check_header,
    check_name,
    check_package,
    check_size,
    digest_of,
    is_folder,
    packaged,
    read_config,
)

FILE = Path("model") / "config.json"
NETWORK = {
    "format": "postergenre",
    "format_version": 1,
    "kind": "network",
    "genres": ["Drama", "War"],
    "thresholds": [0.5, 0.25],
    "calibration": {"scale": [1, 1.0], "bias": [0, -1.5]},
    "frequencies": [0.5, 0.25],
    "files": {"model.safetensors": {"size": 3, "sha256": "0"}},
}
MEMBER = {"folder": "member-0", "weight": 0.5, "views": "auto"}
ENSEMBLE = NETWORK | {
    "kind": "ensemble",
    "members": [MEMBER, MEMBER | {"folder": "member-1", "weight": [0.5, 1]}],
    "subsets": [{"members": [0], "weights": [1, 0]}, {"members": [0, 1], "weights": [[1, 2], 0.5]}],
}
AGAIN = "; save the model again with learn.save_pretrained"


def said(call, *args, error=ValueError) -> str:
    with pytest.raises(error) as e:
        call(*args)
    return str(e.value)


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"kind": "probe"},
        {"thresholds": 0.5},
        {"thresholds": 1},
        {"calibration": None},
        {"frequencies": None},
        {"files": {}},
        {"genres": ["Drama"], "thresholds": [1], "calibration": None, "frequencies": [0]},
        {"genres": [str(i) for i in range(10_000)], "thresholds": 0.5, "calibration": None, "frequencies": None},
        ENSEMBLE,
        ENSEMBLE | {"subsets": []},
        {name: entry for name, entry in ENSEMBLE.items() if name != "subsets"},
    ],
)
def test_what_makes_sense_passes(entries):
    config = NETWORK | entries
    before = copy.deepcopy(config)
    assert check_config(config, FILE) is None and config == before
    assert check_config({name: e for name, e in config.items() if e is not None}, FILE) is None


NO_MODEL = "describes no model of postergenre; pass a folder that learn.save_pretrained wrote"
THRESHOLDS = f": thresholds should be one number, or 2, one a genre{AGAIN}"
CALIBRATION = f": calibration should have 2 numbers each as scale and bias, one a genre{AGAIN}"
FREQUENCIES = f": frequencies should be 2 numbers, one a genre{AGAIN}"
NAMES = f": genres should be different names, one or more{AGAIN}"
FILES = f": files should say size and sha256 of each{AGAIN}"
PLAIN = "which is no plain name of a file in its own folder; do not use this model"
READS = "and this postergenre reads format 1; "


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ({"format": "Postergenre"}, f" {NO_MODEL}"),
        ({"format_version": 2}, f" is of format 2, {READS}update it: pip install -U postergenre"),
        ({"format_version": 0}, f" is of format 0, {READS}save the model again with learn.save_pretrained"),
        ({"format_version": "2"}, f" is of format '2', {READS}save the model again with learn.save_pretrained"),
        ({"kind": "Network"}, f": kind 'Network' is none of network, probe, ensemble{AGAIN}"),
        ({"genres": ("Drama", "War")}, f": genres is no list of names{AGAIN}"),
        ({"genres": ["Drama", " "]}, f": genres is no list of names{AGAIN}"),
        ({"genres": ["Drama", 1]}, f": genres is no list of names{AGAIN}"),
        ({"genres": []}, NAMES),
        ({"genres": ["Drama", "Drama"]}, NAMES),
        ({"genres": [str(i) for i in range(10_001)]}, NAMES),
        *(({"thresholds": wrong}, THRESHOLDS) for wrong in (None, [0.5], [0.5] * 3, "ab", True, [1, None], [1, 1e999])),
        *(({"calibration": wrong}, CALIBRATION) for wrong in (
            [1, 2], {"scale": [1, 1]}, {"scale": [1, 1], "bias": [1]}, {"scale": [1], "bias": [1, 1]}, {}, 0
        )),
        *(({"frequencies": wrong}, FREQUENCIES) for wrong in ([0.1], 0.1, [0.1, "0.1"])),
        *(({"files": wrong}, FILES) for wrong in (None, ["model.safetensors"], {"model.safetensors": 3})),
        ({"files": {"a": {}, "../b": {}}}, f" names '../b', {PLAIN}"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(entries, what):
    assert said(check_config, NETWORK | entries, FILE) == f"{FILE}{what}"


MEMBERS = f": members should be a list, of one or more{AGAIN}"
WEIGHT = f": a member should have a weight, a number or one a genre, and views, a text{AGAIN}"
SUBSETS = f": subsets should be a list, of members and their weights each{AGAIN}"
THERE = f": a subset's members should be numbers from 0 to 1{AGAIN}"
OWN = f": a subset should have a weight a member{AGAIN}"


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        *(({"members": wrong}, MEMBERS) for wrong in (None, [], {"folder": "a"}, ["member-0"])),
        ({"members": [MEMBER | {"folder": "/etc"}]}, f" names '/etc', {PLAIN}"),
        ({"members": [{"weight": 1, "views": "auto"}]}, f" names None, {PLAIN}"),
        *(({"members": [MEMBER, MEMBER | wrong]}, WEIGHT) for wrong in (
            {"views": None}, {"weight": None}, {"weight": [1]}, {"weight": [1] * 3}, {"weight": "1"}
        )),
        *(({"subsets": wrong}, SUBSETS) for wrong in (None, {}, [[0]])),
        *(({"subsets": [{"members": wrong, "weights": [1, 1]}]}, THERE) for wrong in (
            None, [2], [-1], [0, True], [0.0]
        )),
        *(({"subsets": [{"members": [1], "weights": wrong}]}, OWN) for wrong in (
            None, [1], [1, 1, 1], [1, [1]], [1, None], {"0": 1, "1": 1}
        )),
    ],
)  # fmt: skip
def test_what_makes_no_sense_of_an_ensemble_is_said(entries, what):
    assert said(check_config, ENSEMBLE | entries, FILE) == f"{FILE}{what}"
    assert check_config(NETWORK | entries, FILE) is None  # a network has no members to look at


@pytest.mark.parametrize("config", [None, [], "postergenre", {}])
def test_what_is_no_config(config):
    assert said(check_config, config, FILE) == f"{FILE} {NO_MODEL}"


def test_a_config_is_read(tmp_path, monkeypatch):
    file = tmp_path / "config.json"
    monkeypatch.chdir(tmp_path)
    nothing = f"There is no {file} (seen from {tmp_path}); pass a folder that learn.save_pretrained wrote"
    assert said(read_config, tmp_path, error=FileNotFoundError) == nothing
    text = json.dumps(NETWORK | {"genres": ["Dráma", "War"]}, ensure_ascii=False)
    file.write_text(text + " " * (MAX_CONFIG - len(text.encode())), encoding="utf-8")
    assert read_config(str(tmp_path)) == json.loads(text) and file.stat().st_size == MAX_CONFIG == 8_388_608
    file.write_text(text + " " * (MAX_CONFIG + 1 - len(text.encode())), encoding="utf-8")
    large = f"{file} is larger than 8,388,608 bytes, so it describes no model; save the model again"
    assert said(read_config, tmp_path) == large
    for broken in (b"{", b"\xff", b"[" * 100_000, b"[%d]" % 10**19):  # a number of 20 digits
        file.write_bytes(broken)
        assert re.fullmatch(
            r".*config\.json is no whole JSON file \(.*\); save the model again", said(read_config, tmp_path)
        )
    monkeypatch.setenv("HOME", str(tmp_path))
    file.write_text(text, encoding="utf-8")
    assert read_config("~")["kind"] == "network" and is_folder("~") and is_folder(tmp_path)
    assert not is_folder(file) and not is_folder(None) and not is_folder(str(tmp_path / "none"))


def test_names_stay_in_the_folder():
    for name in ("a", "model.onnx", "member-0", "_", "A.b-c_9", "0"):
        assert check_name(name, FILE) == name
    for name in ("", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a\n", "é", None, 3):
        assert said(check_name, name, FILE) == f"{FILE} names {name!r}, {PLAIN}"


def test_a_file_is_the_one_that_was_saved(tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"abc")
    config = {"files": {file.name: about_file(file)}}
    assert config["files"][file.name] == {"size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert check_file(tmp_path, file.name, config) == file
    file.write_bytes(b"abd")
    assert said(check_file, tmp_path, file.name, config) == (
        f"{file} is not the file that was saved (its SHA-256 differs from the one in config.json); copy or download "
        "the folder again"
    )
    file.write_bytes(b"ab" * 1000)
    cut = (
        f"{file} has 2,000 bytes and should have 3: it is cut short or another file; copy or download the folder again"
    )
    assert said(check_file, tmp_path, file.name, config) == cut
    assert "should have None" in said(check_file, tmp_path, file.name, {"files": {file.name: {}}})
    file.unlink()
    missing = f"There is no {file}, which config.json names; copy the model's folder as a whole"
    assert said(check_file, tmp_path, file.name, config, error=FileNotFoundError) == missing
    unsaid = f"{tmp_path / 'config.json'} does not say how long b is; save the model again"
    assert said(check_file, tmp_path, "b", config) == unsaid
    assert said(check_file, tmp_path, "../b", config).startswith(f"{tmp_path / 'config.json'} names '../b'")


def test_digests_of_nothing_and_of_much(tmp_path):
    for content in (b"", b"x" * 100_000):
        (tmp_path / "file").write_bytes(content)
        assert digest_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def test_headers_are_as_long_as_they_may_be(tmp_path):
    file = tmp_path / "model.safetensors"
    for length, there in ((10, 10), (0, 0), (MAX_HEADER, MAX_HEADER), (2, 9)):
        file.write_bytes(struct.pack("<Q", length) + bytes(there))
        assert check_header(file) is None
    for length, there in ((11, 10), (1, 0), (MAX_HEADER + 1, MAX_HEADER + 1), (2**62, 0)):
        file.write_bytes(struct.pack("<Q", length) + bytes(there))
        assert said(check_header, file) == (
            f"{file} says that its header has {length:,} bytes, more than the 8,388,608 that are read, or than it has; "
            "do not use this model"
        )


def test_sizes_are_pixels():
    assert check_size([1, 4096]) == (1, 4096)
    for wrong in ([0, 1], [1, 4097], [-1, 1], [1], [1, 1, 1], (1, 1), [1.0, 1], [True, 1], None):
        assert said(check_size, wrong) == (
            f"config.json: size {wrong!r} should be [height, width] in pixels, at most 4096 each"
        )
    assert said(check_size, None, "here.json").startswith("here.json: size None")


def test_networks_of_packages():
    body = packaged("12", "nets", False)["body"]
    assert packaged("12", "nets", False) == {"body": {"package": "nets", "sha256": "12"}}
    assert check_package(body, "12") is None
    assert said(packaged, "12", "nets", True) == "The networks nets stay in their packages; leave include_bodies out"
    for wrong, name in ((body, "nets"), ({"package": "nets"}, "nets"), ("nets", "nets"), (None, None)):
        assert said(check_package, wrong, "34") == (
            f"The installed package {name} holds other weights than those the model was saved with (their SHA-256 "
            "differ); install the version it was saved with, or save it with include_bodies=True"
        )


def test_numbers_are_finite_and_as_many():
    assert are_numbers([1, 0.5], 2) and are_numbers((), 0) and are_numbers((1,), 1)
    for wrong in (
        [1],
        [1, 2, 3],
        [1, float("nan")],
        [1, float("inf")],
        [1, True],
        [1, "2"],
        "12",
        None,
        {0: 1, 1: 2},
        12,
    ):
        assert not are_numbers(wrong, 2)
