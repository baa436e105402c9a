"""Flax Linen modules, one block per file."""
