"""Footage: video files, image folders, cameras and streams as timed frames, and clips cut from them."""
