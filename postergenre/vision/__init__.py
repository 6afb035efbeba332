"""A poster as a picture: networks by name, their weights and stages, views, features."""

import postergenre._fastai  # noqa: F401
