"""Reads single clips of any format: what a clip is, which files are clips, and one module per format.

`recognise.open_clip` opens a file. The clip that it returns yields its frames in grey, one after the other, so that
the memory needed depends on the size of a frame and not on the length of the clip.
"""
