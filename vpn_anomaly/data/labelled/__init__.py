"""Labelled video data sets in their published layouts: one file per set."""
