"""Where runs and weights live: the folder of a run, checkpoints, exported weights, what made a result."""
