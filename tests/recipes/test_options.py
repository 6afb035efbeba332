"""The options of a recipe: by the command line or a file, explained, and wrong ones refused in a sentence."""

from inspect import signature
from pathlib import Path

import pytest

from postergenre.recipes import custom_cnn, densenet, words
from postergenre.recipes.runs import run as run_module
from postergenre.recipes.runs.checks import parse_size
from postergenre.recipes.runs.cli import build_parser, command, read_config


@pytest.mark.parametrize("main", [densenet.main, custom_cnn.main])
def test_help_names_and_explains_every_option(main, capsys):
    text = build_parser(main).format_help()
    for option in [*signature(main).parameters, "config"]:
        assert f"--{option}" in text
    assert "--no-pretrained" in text and "default" in text


@pytest.mark.parametrize("recipe", [densenet, words])
def test_help_is_as_wide_as_the_terminal(recipe, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = build_parser(recipe.main, recipe.__doc__).format_help()
    assert max(map(len, text.splitlines())) <= 80
    assert "\npython -m postergenre.recipes." in text


def test_command_line_over_file_over_defaults(tmp_path):
    (tmp_path / "c.toml").write_text('[args]\nepochs = 7\nlr = 1\nsize = 224\nbalance = "even"\n')
    got = {}

    def main(epochs: int = 5, lr: float = 0.1, size: str = "150", balance: str = "none", seed: int = 42):
        "Try."
        got.update(epochs=epochs, lr=lr, size=size, balance=balance, seed=seed)

    command(main, ["--config", str(tmp_path / "c.toml"), "--epochs", "3"])
    assert got == {"epochs": 3, "lr": 1.0, "size": "224", "balance": "even", "seed": 42}


@pytest.mark.parametrize(
    ("toml", "said"),
    [("epoch = 3", "unknown option epoch; known: epochs, patience"), ("epochs = 'x'", "epochs = 'x' should be a int"),
     ("epochs = true", "should be a int"), ("epochs =", "not valid TOML")],
)  # fmt: skip
def test_bad_configs(tmp_path, toml, said):
    (tmp_path / "c.toml").write_text(toml)
    with pytest.raises(ValueError, match=said):
        read_config(tmp_path / "c.toml", densenet.main)


@pytest.mark.parametrize("recipe", [densenet, custom_cnn])
def test_recorded_configs_are_known_to_the_recipe(recipe):
    name = recipe.__name__.split(".")[-1]
    config = read_config(Path(__file__).parents[2] / "recipes" / f"{name}_study.toml", recipe.main)
    assert config["lr"] == 0.5 and config["bs"] == 2 and config["epochs"] == 10 and config["schedule"] == "flat"


def test_sizes():
    assert parse_size("150") == 150 and parse_size("224x160") == (224, 160)
    with pytest.raises(ValueError, match="HEIGHTxWIDTH"):
        parse_size("big")


def test_errors_are_one_line(tmp_path, demo_folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSTERGENRE_DATA", str(demo_folder))
    cases = {
        ("--data", "nowhere"): "There is no nowhere",
        ("--epochs", "0"): "--epochs 0 should be 1 or more",
        ("--lr", "0"): "--lr 0 should be more than 0",
        ("--bs", "0"): "bs=0 should be 1 or more",
        ("--weights", "no.pth"): "There is no weights file no.pth",
        ("--attention", "se2"): "Unknown attention 'se2'",
        ("--balance", "evn"): "Unknown balance 'evn'",
        ("--protocol", "studdy"): "Unknown --protocol studdy",
        ("--schedule", "cosine"): "Unknown --schedule cosine; choose one of: one_cycle, flat",
        ("--protocol", "study"): "add --balance",
        ("--size", "big"): "HEIGHTxWIDTH",
        ("--loss", "bec", "--size", "64"): "Unknown loss 'bec'; choose one of: bce, bce_pos_weight",
    }
    for args, said in cases.items():
        with pytest.raises(SystemExit) as stopped:
            command(densenet.main, list(args))
        message = str(stopped.value)
        assert message.startswith("python -m postergenre.recipes.densenet: ") and said in message
        assert len(message.splitlines()) == 1
        assert not list(Path().glob("runs/densenet*"))  # a start that fails leaves nothing


def test_options_are_checked_before_movies_are_read(monkeypatch, tmp_path):
    "7,500 movies were read before '--size big' was said to be wrong."
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_module, "read", lambda *_, **__: pytest.fail("movies are read"))
    wrong = {"--size": "big", "--balance": "evn", "--loss": "bec", "--crop": "squeezed", "--epochs": "-1"}
    for option, value in wrong.items():
        with pytest.raises(SystemExit, match=f"{value}"):
            command(densenet.main, [option, value])


def test_custom_cnn_refuses_pretrained_and_does_not_ignore_it(tmp_path, demo_folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="nobody has trained it on ImageNet"):
        command(custom_cnn.main, ["--data", str(demo_folder), "--pretrained", "--bs", "8", "--size", "64"])


@pytest.mark.parametrize("wrong", ["bs=0 should be 1 or more", "workers=-1 should be 0 or more"])
def test_batches_of_nothing_are_said_before_movies_are_read(wrong, tmp_path):
    option, value = wrong.split()[0].split("=")
    with pytest.raises(SystemExit, match=wrong):
        command(custom_cnn.main, [f"--{option}", value, "--data", "nowhere", "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()
