"""A movie as a row of metadata: people, countries, numbers, texts."""

import postergenre._fastai  # noqa: F401
