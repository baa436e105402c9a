"""Evaluation on labelled video sets: frame by frame, clip by clip."""
