"""The model's input: sequences, corruptions and grid masks, all functions of (seed, split, index)."""
