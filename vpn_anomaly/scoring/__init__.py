"""From maps of surprise to scores, p-values and thresholds: of clips, of streams, and without learning."""
