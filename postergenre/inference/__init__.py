"""A learner at work: predictions, ensembles, calibration, thresholds, files."""

import postergenre._fastai  # noqa: F401
