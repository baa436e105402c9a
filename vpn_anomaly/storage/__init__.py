"""Storage of runs and weights: run folders, checkpoints, exported weights, provenance of results."""
