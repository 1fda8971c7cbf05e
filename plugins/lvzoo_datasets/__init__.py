"""Declares the readers of further data sets. This module imports none of them."""

from __future__ import annotations

from lvzoo import DatasetSource, Option, hookimpl

CAMUS = DatasetSource(
    name="camus",
    factory="lvzoo_datasets.camus:Camus",
    summary="CAMUS, as its authors ship it: NIfTI in database_nifti, splits in database_split",
    markers=("database_nifti",),
    options={
        "view": Option(default="4CH", help="the apical view that is read", choices=("4CH", "2CH")),
        "half_sequences": Option(
            default=True, help="read the labelled frames between ED and ES as well, and not ED and ES alone"
        ),
    },
)
PEDIATRIC = DatasetSource(
    name="echonet-pediatric",
    factory="lvzoo_datasets.pediatric:EchoNetPediatric",
    summary="EchoNet-Pediatric, as its authors ship it: a folder for each view",
    markers=("A4C/FileList.csv", "A4C/VolumeTracings.csv", "A4C/Videos"),
    options={
        "view": Option(
            default="A4C",
            help="the view that is read: apical four-chamber, or parasternal short axis",
            choices=("A4C", "PSAX"),
        ),
    },
)
UNITY = DatasetSource(
    name="unity-multix",
    factory="lvzoo_datasets.unity:UnityMultiX",
    summary="UnityLV-MultiX: 200 frames with the contours of 11 experts and their consensus",
    markers=("Images", "UnityLV_multiX_annotations.json", "UnityLV_multiX_consensus_curves.json"),
)
MASKS = DatasetSource(
    name="masks",
    factory="lvzoo_datasets.masks:MaskFolder",
    summary="your own pictures in images/ and their masks in masks/, with an optional frames.csv",
    markers=("images", "masks"),
    options={
        "patient_pattern": Option(
            default=None,
            help="a regular expression that is searched for in a picture's name; its first group is the patient",
        ),
        "label": Option(
            default=0, help="the value of the ventricle's pixels in a mask; 0: every value above 0"
        ),
    },
)


@hookimpl
def lvzoo_datasets() -> list[DatasetSource]:
    """Return the layouts of CAMUS, EchoNet-Pediatric, UnityLV-MultiX and folders of masks."""
    return [CAMUS, PEDIATRIC, UNITY, MASKS]
