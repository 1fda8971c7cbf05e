"""The suffixes of the files that are clips, and of those that are not."""

from __future__ import annotations

from typing import Final

VIDEO_SUFFIXES: Final = (
    *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
)
DICOM_SUFFIXES: Final = (".dcm", ".dicom")
NIFTI_SUFFIXES: Final = (".nii", ".nii.gz")
GIF_SUFFIXES: Final = (".gif",)
PICTURE_SUFFIXES: Final = (".bmp", ".jpeg", ".jpg", ".png")
CLIP_SUFFIXES: Final = (*VIDEO_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *GIF_SUFFIXES, *PICTURE_SUFFIXES)
"""In a folder, a file with one of these suffixes is a clip. A file that is named may have any name."""

OTHER_SUFFIXES: Final = (
    *(".bak", ".cfg", ".csv", ".db", ".doc", ".docx", ".gz", ".h5", ".hdf5", ".html", ".ini", ".ipynb"),
    *(".json", ".log", ".md", ".npy", ".npz", ".parquet", ".part", ".pdf", ".pt", ".pth", ".py"),
    *(
        ".safetensors",
        ".sh",
        ".tar",
        ".toml",
        ".tsv",
        ".txt",
        ".xls",
        ".xlsx",
        ".xml",
        ".yaml",
        ".yml",
        ".zip",
    ),
)
"""In a folder, a file with one of these suffixes is skipped without looking into it."""


def split_suffix(name: str) -> tuple[str, str]:
    """Return a name without the suffix of a clip, and the suffix. Other dots belong to the name.

    >>> split_suffix("Clip 2.NII.GZ"), split_suffix("1.2.840.113619"), split_suffix(".avi")
    (('Clip 2', '.NII.GZ'), ('1.2.840.113619', ''), ('.avi', ''))
    """
    for suffix in sorted(CLIP_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""
