"""Measures the ventricle of a clip as an echo laboratory does: volumes of frames, beats, and ejection fraction.

lvzoo is not a medical device: its measurements are for research, never for the care of a patient.

All functions are pure functions of arrays. A frame that cannot be measured has NaN and a reason in words, so that one
bad frame never ends a clip. The formulas, their sources and the measured errors are in docs/clinic.md.
"""
