"""The data step: files as their authors ship them in, a FrameSet out."""
