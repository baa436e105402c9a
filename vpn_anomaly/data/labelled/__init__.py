"""Labelled video sets as they are published: one file a set."""
