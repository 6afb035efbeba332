"""How good a model is: figures, intervals, comparisons."""

import postergenre._fastai  # noqa: F401
