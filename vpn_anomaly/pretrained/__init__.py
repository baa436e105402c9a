"""The weights that come with the package; `exported.py` says how they are stored."""
