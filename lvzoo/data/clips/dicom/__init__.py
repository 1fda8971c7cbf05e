"""Reads DICOM ultrasound clips: the header, the times, and the frames one by one, whatever their transfer syntax."""
