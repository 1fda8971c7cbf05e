"""Decides whether the frame rate that a video states is used."""

from __future__ import annotations

from lvzoo.data.clips.clip import is_usable_rate


def check_rate(stated_fps: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return the rate that a file states, or None and a warning if no clip can have it.

    >>> check_rate(50.0), check_rate(None)
    ((50.0, ()), (None, ()))
    >>> check_rate(2.5e-10)
    (None, ('its rate of 2.5e-10 frames per second cannot be true, so it is not used',))
    """
    if stated_fps is None or is_usable_rate(stated_fps):
        return stated_fps, ()
    return None, (f"its rate of {stated_fps:g} frames per second cannot be true, so it is not used",)
