"""Writes the answer for a clip in the formats of other programs: a DICOM report, EchoNet-Dynamic's layout, COCO."""
