"""Measures what the audit's search for copies finds in a folder in EchoNet-Dynamic's layout, and how long it takes.

    python -m tests.data.figures_audit DIR

Prints how alike the pictures of different patients are, how alike a picture and its changed copies are, and the
processor time of the whole audit. docs/decisions/0053-leaks-fail-oddities-are-shown.md quotes it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import examples

from lvzoo.data import audit_duplicates as duplicates
from lvzoo.data.audit_ranges import measure, pair_phases, reference_efs
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.opencv import cv2
from lvzoo.types import FRAME_SIZE_HW, SPLITS, FrameSet, Split
from lvzoo.workflows.audit import check_dataset, measure_volumes
from tests.data.audited import SECTOR, MadeDataset
from tests.data.test_audit_duplicates import CHANGES

SAMPLE: Final = 400
"""How many frames are changed in each way."""
COMPARED: Final = 3000
"""How many pairs of different patients, those with the most similar hashes, are compared picture by picture."""


def measure_strangers(frames_NHW: NDArray[np.uint8], patients_N: NDArray[np.intp], title: str) -> None:
    """Print how alike the frames of different patients are."""
    words_NW = duplicates.hash_frames(frames_NHW)
    counts = np.zeros(duplicates.BITS + 1, dtype=np.int64)
    nearest: list[tuple[int, int, int]] = []
    for first in range(len(words_NW)):
        bits_M = np.bitwise_count(words_NW[first] ^ words_NW[first + 1 :]).sum(axis=1, dtype=np.intp)
        others_M = np.flatnonzero(patients_N[first + 1 :] != patients_N[first])
        counts += np.bincount(bits_M[others_M], minlength=len(counts))
        near_M = others_M[bits_M[others_M] <= duplicates.MOST_BITS + 8]
        nearest += [(int(bits_M[each]), first, first + 1 + int(each)) for each in near_M]
    similar = int(counts[: duplicates.MOST_BITS + 1].sum())
    compared = sorted(nearest)[:COMPARED]
    correlations = [duplicates.correlate(frames_NHW[one], frames_NHW[other]) for _, one, other in compared]
    copies = sum(each >= duplicates.LEAST_CORRELATION for each in correlations)
    greys = [_correlate_grey(frames_NHW[one], frames_NHW[other]) for _, one, other in compared]
    print(
        f"{title}: {counts.sum():,} pairs of frames of different patients; {similar:,} with similar hashes; the "
        f"{len(compared):,} with the most similar ones correlate with {max(correlations, default=0):.3f} at most "
        f"(with {max(greys, default=0):.3f} by their grey levels alone); {copies} are called copies"
    )


def _correlate_grey(one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(one_HW.ravel(), other_HW.ravel())[0, 1])


def measure_neighbours() -> None:
    """Print how alike the frames of one real clip are, pydicom's example, in the middle of its picture."""
    clip_NHWC = examples.ybr_color.pixel_array
    frames = [
        cv2.resize(frame_HWC[:, 40:280, 0], FRAME_SIZE_HW, interpolation=cv2.INTER_AREA)
        for frame_HWC in clip_NHWC.astype(np.uint8)
    ]
    apart = {steps: duplicates.correlate(frames[0], frames[steps]) for steps in (1, 2, 5, 10, 20)}
    print("frames of a real clip:", *(f"{steps} apart {each:.3f}" for steps, each in apart.items()))


def measure_ranges(splits: Mapping[Split, FrameSet]) -> None:
    """Print the ranges of what the audit's limits are for."""
    all_measured = [measure(split, each, measure_volumes(each)) for split, each in splits.items()]
    for phase in ("ED", "ES"):
        shares = [each.shares_N[np.array(each.frames.phases) == phase] for each in all_measured]
        shares_N = np.concatenate(shares)
        print(f"{phase} masks: {shares_N.min():.1%} to {shares_N.max():.1%} of the frame")
    listed = [each for frames in splits.values() for each in frames.listed_efs or () if each is not None]
    print(f"listed EF: {min(listed):.1f} to {max(listed):.1f} %")
    gaps = [
        traced - listed_ef
        for each in all_measured
        for (ed, _), traced in zip(pair_phases(each.frames), reference_efs(each), strict=True)
        if each.frames.listed_efs is not None and (listed_ef := each.frames.listed_efs[ed]) is not None
    ]
    print(f"EF of the references minus listed EF: SD {np.std(gaps):.1f} points")
    print(f"SD of the grey levels: {min(each.sd_N.min() for each in all_measured):.1f} or more")
    print(f"bright pixels: {min(each.bright_N.min() for each in all_measured):.1%} or more")


def measure_copies(frames_NHW: NDArray[np.uint8]) -> None:
    """Print how alike frames and their changed copies are."""
    rng = np.random.default_rng(0)
    sample_NHW = frames_NHW[np.sort(rng.choice(len(frames_NHW), min(SAMPLE, len(frames_NHW)), replace=False))]
    words_NW = duplicates.hash_frames(sample_NHW)
    for name, change in CHANGES.items():
        changed_NHW = np.stack([change(frame_HW) for frame_HW in sample_NHW])
        bits_NW = np.bitwise_count(words_NW ^ duplicates.hash_frames(changed_NHW))
        correlations_N = np.array([*map(duplicates.correlate, sample_NHW, changed_NHW)])
        bits_N = bits_NW.sum(axis=1, dtype=np.intp)
        found_N = (
            (bits_NW[:, 0] <= duplicates.MOST_FIRST_BITS)
            & (bits_N <= duplicates.MOST_BITS)
            & (correlations_N >= duplicates.LEAST_CORRELATION)
        )
        print(
            f"{name}: {found_N.sum()} of {len(found_N)} found; at most {bits_N.max()} bits differ "
            f"({bits_NW[:, 0].max()} in the first word); correlation at least {correlations_N.min():.3f}"
        )


def in_one_sector(frames_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames that are cut to the same narrow sector, so that its edges are alike in all of them."""
    down_HW, across_HW = np.indices(frames_NHW.shape[1:])
    angle_HW = np.arctan2(np.abs(across_HW - SECTOR.apex_px[0]), down_HW - SECTOR.apex_px[1])
    from_apex_HW = np.hypot(across_HW - SECTOR.apex_px[0], down_HW - SECTOR.apex_px[1])
    inside_HW = (angle_HW < np.radians(37)) & (from_apex_HW < SECTOR.radius_px)
    return np.where(inside_HW, frames_NHW, np.uint8(0))


def main() -> None:
    """Load the folder, and print all figures."""
    dataset = EchoNetDynamic(Path(sys.argv[1]))
    splits = {split: dataset.load(split) for split in SPLITS}
    began_s = time.process_time()
    audit = check_dataset(MadeDataset(splits))
    spent_s = time.process_time() - began_s
    frames_NHW = np.concatenate([each.frames_NHW for each in splits.values()])
    names = [patient for each in splits.values() for patient in each.patients]
    patients_N = np.unique(names, return_inverse=True)[1]
    print(f"{len(frames_NHW):,} frames; the audit took {spent_s:.1f} s of processor time")
    print(*(f"{check.name}: {len(check.oddities)}" for check in audit.checks), sep="\n")
    measure_ranges(splits)
    measure_neighbours()
    began_s = time.process_time()
    words_NW = duplicates.hash_frames(frames_NHW)
    hashed_s = time.process_time()
    duplicates.find_copies(words_NW, lambda first_M, _: np.full_like(first_M, -1), lambda n: frames_NHW[n])
    spent_s = time.process_time() - hashed_s
    print(f"{hashed_s - began_s:.1f} s for the hashes, {spent_s:.1f} s to compare them")
    measure_strangers(frames_NHW, patients_N, "as they are")
    measure_strangers(in_one_sector(frames_NHW), patients_N, "cut to one sector")
    measure_copies(frames_NHW)


if __name__ == "__main__":
    main()
