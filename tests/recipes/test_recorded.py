"""Recorded runs: the README's tables follow from the TOML files, and a record works as --config."""

import json
import tomllib
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from postergenre.recipes.custom_cnn import main as custom_cnn
from postergenre.recipes.recorded import END, START, main, read_records, readme_with_tables, toml, write_tables
from postergenre.recipes.runs.cli import read_config
from postergenre.recipes.runs.curves import plot_histories

RECIPES = Path(__file__).parents[2] / "recipes"
RECORDS = [
    file for file in sorted(RECIPES.glob("*.toml")) if "recipe" in tomllib.loads(file.read_text(encoding="utf-8"))
]
PROSE = "# Runs\n\nbefore\n\n"


def metrics(**changes) -> dict:
    "A run's metrics.json."
    row = {
        "top_n_accuracy": {"value": 0.4567, "low": 0.44, "high": 0.47},
        "macro_ap": {"value": 0.321, "low": 0.3, "high": 0.34},
    }
    config = {"data": "posters", "epochs": 4, "lr": 0.002, "bs": 32, "size": "150", "crop": "random"}
    config |= {"balance": "none", "pretrained": False, "weights": None, "seed": 7, "limit": None, "workers": 0}
    return {
        "command": "python -m postergenre.recipes.custom_cnn --data posters --epochs 4 --seed 7",
        "config": config | {"out": "runs/x"},
        "date": "2026-11-22",
        "data": {"folder": "/disk/me/posters", "demo": False, "read": 8371, "kept": 7541, "used": 7541},
        "arch": "custom_cnn",
        "parameters": 78020,
        "stopped_early": False,
        "best_epoch": 3,
        "train_minutes": 20.5,
        "total_minutes": 22.4,
        "images_per_second": 41.3,
        "device": "CPU, 2 threads",
        "threads": 2,
        "versions": {"python": "3.11.7", "postergenre": "0.1.0", "fastai": "2.8.12", "torch": "2.15.0"},
        "test_movies": 2262,
        "test": {"custom_cnn": row, "popularity": {k: v | {"value": 0.25} for k, v in row.items()}},
    } | changes


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "README.md").write_text(f"{PROSE}{START}\nold\n{END}\n\nafter\n")
    return tmp_path / "recipes"


def add(folder: Path, name: str, *options: str, **changes) -> None:
    run = folder.parent / "run"
    run.mkdir(exist_ok=True)
    (run / "metrics.json").write_text(json.dumps(metrics(**changes)))
    main(["add", str(run), "--name", name, "--to", str(folder), *options])


def test_the_readme_is_in_step_with_the_records():
    "If this fails: python -m postergenre.recipes.recorded table recipes"
    assert readme_with_tables(RECIPES) == (RECIPES / "README.md").read_text(encoding="utf-8")


def test_a_record_holds_the_command_the_args_and_the_result(folder):
    add(folder, "small", "--note", 'a "note" | ünï 🎬')
    saved = tomllib.loads((folder / "small.toml").read_text(encoding="utf-8"))
    assert saved["command"] == metrics()["command"] and saved["note"] == 'a "note" | ünï 🎬'
    assert saved["args"]["epochs"] == 4 and not {"data", "out", "weights"} & set(saved["args"])
    result = saved["result"]
    assert result["top_n_accuracy"] == 0.4567 and result["top_n_accuracy_interval"] == [0.44, 0.47]
    assert result["macro_ap_popularity"] == 0.25 and result["versions"]["torch"] == "2.15.0"
    assert (result["seed"], result["test_movies"], result["best_epoch"], result["leaky"]) == (7, 2262, 3, False)


def test_no_path_of_a_machine_stands_in_a_record(folder):
    command = "python -m postergenre.recipes.ensemble --data '/disk/me/my posters' --cache=/scratch/f --out ../both"
    config = metrics()["config"] | {"cache": "/scratch/f", "members": ["/disk/me/lite/learner.pkl", r"D:\me\words"]}
    add(
        folder, "both", command=command + r" --members /disk/me/lite/learner.pkl 'D:\me\words' --lr 1e-4", config=config
    )
    saved = tomllib.loads((folder / "both.toml").read_text(encoding="utf-8"))
    members = ["lite/learner.pkl", "words"]
    assert (saved["args"]["cache"], saved["args"]["members"]) == ("f", members)
    options = f"--data posters --cache=f --out both --members {' '.join(members)} --lr 1e-4"
    assert saved["command"] == f"python -m postergenre.recipes.ensemble {options}"


def test_a_record_is_a_config_of_its_recipe(folder):
    add(folder, "small")
    options = read_config(folder / "small.toml", custom_cnn)
    assert options["epochs"] == 4 and options["seed"] == 7 and "data" not in options


def test_the_table_shows_the_run_and_leaves_the_prose(folder):
    add(folder, "small", "--note", "a | b")
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"{PROSE}{START}\n") and text.endswith(f"{END}\n\nafter\n") and "\nold\n" not in text
    row = next(line for line in text.splitlines() if line.startswith("| [small](small.toml)"))
    assert "45.7% [44.0%, 47.0%]" in row and "0.321 [0.300, 0.340]" in row and "25.0%" in row
    assert "posters, 7,541 movies" in row and "epochs 4, seed 7" in row and r"a \| b" in row and "lr" not in row
    assert f"`{metrics()['command']}`" in text
    write_tables(folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == text


def test_leaky_limited_and_stopped_runs_say_so(folder):
    data = metrics()["data"] | {"used": 200}
    config = metrics()["config"] | {"protocol": "study", "limit": 200}
    unseen = {
        "custom_cnn (unseen movies)": {k: v | {"value": 0.125} for k, v in metrics()["test"]["popularity"].items()}
    }
    add(folder, "leaky", config=config, data=data, stopped_early=True, unseen_movies=unseen)
    row = next(line for line in (folder / "README.md").read_text().splitlines() if "leaky.toml" in line)
    assert row.count("**leaky**") == 3 and "; 12.5% on movies never seen" in row
    assert "only 200 of 7,541 movies" in row and "stopped by hand" in row
    assert tomllib.loads((folder / "leaky.toml").read_text())["result"]["leaky"] is True


def test_configurations_stand_apart(folder):
    (folder / "fast.toml").write_text("# A quick one.\n#   python -m x --config y\n\n[args]\nepochs = 1\n")
    write_tables(folder)
    text = (folder / "README.md").read_text()
    assert "No run is recorded yet." in text and "| [fast](fast.toml) | A quick one. | epochs 1 |" in text


@pytest.mark.parametrize(
    ("name", "message"),
    [("small", "exists; choose another --name, or pass --force"), ("Bad Name", "should be of small letters")],
)
def test_names_that_are_taken_or_wrong_are_refused(folder, name, message):
    add(folder, "small")
    before = sorted(folder.iterdir())
    with pytest.raises(SystemExit, match=message):
        add(folder, name)
    assert sorted(folder.iterdir()) == before


def test_force_replaces(folder):
    add(folder, "small")
    add(folder, "small", "--force", best_epoch=1)
    assert read_records(folder)["small"]["result"]["best_epoch"] == 1


def test_a_record_keeps_its_epochs_and_curves_draws_them(folder, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    columns = "epoch,train_loss,valid_loss,top_n_accuracy,macro_ap,time\n"
    (tmp_path / "run" / "history.csv").write_text(columns + "1,0.4,0.3,0.41,0.123456,08:01\n2,0.3,0.2,0.43,0.2,08:02\n")
    add(folder, "one")
    add(folder, "two")
    (tmp_path / "run" / "history.csv").unlink()
    add(folder, "frozen")
    kept = tomllib.loads((folder / "one.toml").read_text())["history"]
    assert kept["epoch"] == [1, 2] and kept["macro_ap"] == [0.1235, 0.2] and "time" not in kept
    main(["curves", "one", "two", "--of", str(folder), "--out", str(tmp_path / "pictures" / "curves.png")])
    assert Image.open(tmp_path / "pictures" / "curves.png").width == 1100
    axes = plot_histories(
        {"a": pd.DataFrame(kept), "b": pd.DataFrame(kept)[:1]}, {"top_n_accuracy": 0.4, "macro_ap": 0.1}
    )
    assert [line.get_ydata()[-1] for line in axes[0].lines] == [0.43, 0.41, 0.4]
    assert axes[0].get_xlim() == (0.6, 2.4)
    start = pd.DataFrame({"epoch": [0, 1], "top_n_accuracy": [0.4, 0.5], "macro_ap": [0.1, 0.2]})  # of a fitted head
    assert plot_histories({"a": start}, {"top_n_accuracy": 0.4, "macro_ap": 0.1})[1].get_xlim()[0] < 0
    assert [t.get_text() for t in axes[0].get_legend().texts] == ["a", "b", "popularity (test)"]
    said = "There is no record frozen with figures by epoch; those that have them: one, two"
    with pytest.raises(SystemExit, match=said):
        main(["curves", "one", "frozen", "--of", str(folder), "--out", str(tmp_path / "no.png")])
    assert not (tmp_path / "no.png").exists()


def test_errors_say_what_to_do(folder, tmp_path):
    with pytest.raises(SystemExit, match="pass the folder of a finished recipe run"):
        main(["add", str(tmp_path), "--name", "x", "--to", str(folder)])
    with pytest.raises(SystemExit, match=r"There is no .*README\.md; write one with the lines <!-- runs -->"):
        main(["table", str(tmp_path)])
    (folder / "README.md").write_text("no markers")
    with pytest.raises(SystemExit, match="needs the lines"):
        add(folder, "small")
    assert not (folder / "small.toml").exists()
    (folder / "broken.toml").write_text("a = = 1")
    (folder / "README.md").write_text(f"{START}{END}")
    with pytest.raises(SystemExit, match=r"broken\.toml is not valid TOML"):
        main(["table", str(folder)])


def test_toml_reads_back():
    table = {"a": "x", "b": {"c": [1, 2.5], "d": True, "e": {"f": 'q"\\\n'}}, "g": {"h": 1e-05}}
    assert tomllib.loads(toml(table)) == table


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: file.stem)
def test_every_record_is_a_configuration_of_its_recipe(file):
    record = tomllib.loads(file.read_text(encoding="utf-8"))
    recipe = import_module(f"postergenre.recipes.{record['recipe']}")
    assert set(read_config(file, recipe.main)) == set(record["args"])
