"""What recipes share: a run's folder, training, judging, writing."""

import postergenre._fastai  # noqa: F401
