"""The page of a run."""

import postergenre._fastai  # noqa: F401
