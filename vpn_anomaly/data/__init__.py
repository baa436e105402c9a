"""What the model sees: sequences, corruptions and grid masks, each a function of (seed, split, index)."""
