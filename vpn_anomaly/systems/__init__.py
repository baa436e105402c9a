"""Systems, which turn frames into maps of surprise: one file per system, one interface (system.py)."""
