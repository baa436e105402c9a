"""Anomaly detection in video by inpainting a masked frame (Ben-Ari and Shwartz-Ziv, 2018)."""

__version__ = "0.1.0"
