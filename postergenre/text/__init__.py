"""A poster as something written: what stands on it, read and understood."""

import postergenre._fastai  # noqa: F401
