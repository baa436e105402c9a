"""The pipeline in TensorFlow, which is imported nowhere else, and only inside functions."""
