"""What recipes share: a run's folder, training, judging, writing."""
