"""What the model sees: sequences, corruptions, grid masks: functions of (seed, split, index)."""
