"""Trained models as programs of their own, written as StableHLO or ONNX, which run without this package."""
