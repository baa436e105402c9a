"""From maps of surprise to scores, metrics, thresholds and figures."""
