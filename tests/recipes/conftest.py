"""Recipes run in a folder of their own: what they keep of posters stays out of the repository."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def somewhere(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("recipes"))
        yield
