"""Computes shapes: contours and landmarks, masks of polygons, measures of the ventricle, and the scan's sector."""
