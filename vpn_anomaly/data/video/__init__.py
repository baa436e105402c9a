"""Footage: files, folders of images, cameras and streams as frames with times, and clips of them."""
