"""A learner at work: predictions, ensembles, calibration, thresholds, files."""
