"""Interpretations of the paper's convolution attention: one kind a file, one interface (attention.py)."""
