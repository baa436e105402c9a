"""The weights that come with the package; `storage/exported_weights.py` says how they are stored."""
