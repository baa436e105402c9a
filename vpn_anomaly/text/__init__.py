"""Words from outside, made fit to be shown: without secrets and control characters; the standard streams."""
