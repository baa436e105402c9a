"""The pipeline in TensorFlow, which is imported only in this folder and only inside functions."""
