"""Measures the grey levels that EchoNet-Dynamic's network expects: `python -m lvzoo_foreign.grey FOLDER`.

Its authors compute the mean and the standard deviation of each channel over 128 clips of the training split, drawn at
random. So does this program, over all frames of the clips. Another draw gives slightly other numbers.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

CLIPS = 128


def measure_grey(folder: Path, *, clips: int = CLIPS, seed: int = 0) -> tuple[list[float], list[float]]:
    """Return the mean and the standard deviation of the red, green and blue levels (0..255) of training clips."""
    listed = pd.read_csv(folder / "FileList.csv")
    names = listed.loc[listed["Split"].str.upper() == "TRAIN", "FileName"].sort_values().to_numpy()
    drawn = np.random.default_rng(seed).choice(names, min(clips, len(names)), replace=False)
    pixels, sums_3, squares_3 = 0, np.zeros(3), np.zeros(3)
    for name in drawn:
        video = cv2.VideoCapture(str(folder / "Videos" / f"{name.removesuffix('.avi')}.avi"))
        while (read := video.read())[0]:
            levels_P3 = read[1].reshape(-1, 3)[:, ::-1].astype(float)  # OpenCV reads blue, green, red
            pixels += len(levels_P3)
            sums_3 += levels_P3.sum(axis=0)
            squares_3 += (levels_P3**2).sum(axis=0)
    if not pixels:
        raise SystemExit(
            f"{folder}: no training clip can be read; name the folder that holds FileList.csv and Videos"
        )
    mean_3 = sums_3 / pixels
    return mean_3.tolist(), np.sqrt(squares_3 / pixels - mean_3**2).tolist()


if __name__ == "__main__":
    for label, numbers in zip(("mean", "std"), measure_grey(Path(sys.argv[1])), strict=True):
        print(f'{label}: "{" ".join(f"{number:.2f}" for number in numbers)}"')
