"""What turns frames into maps of surprise: one file a system, one interface (system.py)."""
