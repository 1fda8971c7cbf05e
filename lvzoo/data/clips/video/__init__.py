"""Reads video files: the JPEGs of an AVI by their places in the file, everything else by OpenCV."""
