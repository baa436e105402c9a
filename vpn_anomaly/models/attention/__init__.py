"""Interpretations of the paper's convolution attention: one kind per file, one interface (attention.py)."""
