import pandas as pd
import pytest

from postergenre.tabular.fields import AFTER_RELEASE, ALL, check_fields, clean_cell


def test_two_sets_have_names():
    assert check_fields("all") == ALL
    assert set(ALL) - set(check_fields("before release")) == set(AFTER_RELEASE)
    assert {"rating", "votes", "metascore", "box_office", "awards"} == set(AFTER_RELEASE)


def test_own_columns_say_of_what_kind_they_are():
    assert check_fields(["actors", "year"]) == {"actors": "people", "year": "number"}
    assert check_fields({"plot": "text", "studio": "names"}) == {"plot": "text", "studio": "names"}
    for fields, said in (
        ("before", "Unknown set of fields 'before'; pass 'all' or 'before release'"),
        (["studio"], "Of what kind is the column 'studio'"),
        ({"studio": "list"}, "Of what kind is the column 'studio'"),
        ([], "fields is empty"),
        (["genres"], "'genres' is no evidence"),
    ):
        with pytest.raises(ValueError, match=said):
            check_fields(fields)


@pytest.mark.parametrize(
    ("value", "kind", "clean"),
    [
        ("Ann Lee (story), Bo Ray", "people", ["Ann Lee", "Bo Ray"]),
        ("['Ann Lee', 'Bo Ray']", "people", ["Ann Lee", "Bo Ray"]),  # as pandas writes a list into a CSV
        (["Ann Lee", "Ann Lee"], "people", ["Ann Lee"]),
        ("USA, UK", "names", ["USA", "UK"]),
        ("N/A", "names", []),
        (None, "people", []),
        ("$1,200", "number", 1200.0),
        ("124 min", "number", 124.0),
        (1994, "number", 1994.0),
        ("unknown", "number", None),
        (None, "number", None),
        ("Won 2 Oscars.", "words", ["won", "2", "oscars"]),
        (" Scream ", "text", "Scream"),
        ("", "text", None),
    ],
)
def test_cells_of_tables_and_of_csv_files_read_alike(value, kind, clean):
    assert clean_cell(value, kind) == clean


def test_the_awards_are_read(movies):
    assert movies["awards"].dropna().str.contains("win").any() and pd.isna(movies["awards"]).any()
