"""Why a model says what it says, and where it fails."""

import postergenre._fastai  # noqa: F401
