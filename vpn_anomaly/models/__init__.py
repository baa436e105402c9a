"""Flax Linen modules, one block a file."""
