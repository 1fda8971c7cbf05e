"""The shapes: contours and landmarks, the one rasterising rule, the ventricle's measures, the sector."""
