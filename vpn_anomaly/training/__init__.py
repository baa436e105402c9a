"""Training: the state, the step, the loop."""
