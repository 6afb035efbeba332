"""How a learner is made."""

import postergenre._fastai  # noqa: F401
