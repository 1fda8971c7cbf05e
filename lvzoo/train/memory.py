"""Holds the training frames in memory: on the device if they fit, else in RAM. There are no loader processes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from lvzoo.types import Batch, FrameSet

DEVICE_SHARE = 0.1
"""Largest share of a CUDA device's free memory that the frames may take.

It is small because several trainings may share a device. If they start together, each sees the same free memory.
"""


class FramesInMemory:
    """The frames of a split as uint8 and bool tensors; a batch is selected by index and is float32 on the device."""

    def __init__(self, frames: FrameSet, device: torch.device) -> None:
        self.device = device
        arrays = (frames.frames_NHW, frames.masks_NHW, frames.contours_NP2)
        home = device if _fits(sum(array.nbytes for array in arrays), device) else torch.device("cpu")
        self._pins = device.type == "cuda" and home.type == "cpu"
        self.frames_NHW, self.masks_NHW, self.contours_NP2 = (
            # frames that are mapped from a file are not copied, since several trainings may read the same
            torch.from_numpy(np.require(array, requirements=["C", "W"])).to(home)
            for array in arrays
        )

    def __len__(self) -> int:
        """Return N, the number of frames."""
        return len(self.frames_NHW)

    def batch(self, chosen_B: torch.Tensor) -> Batch:
        """Return the frames with these indices as a batch on the device. The indices must be where the frames are."""
        frames_BHW, masks_BHW, contours_BP2 = (
            self._move(rows.index_select(0, chosen_B))
            for rows in (self.frames_NHW, self.masks_NHW, self.contours_NP2)
        )
        return Batch(frames_B1HW=frames_BHW[:, None] / 255, masks_BHW=masks_BHW, contours_BP2=contours_BP2)

    def _move(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows on the device. Only a copy from pinned memory does not wait for a GPU."""
        rows = rows.pin_memory() if self._pins else rows
        return rows.to(self.device, non_blocking=True)

    def batches(self, batch_size: int, shuffle: torch.Generator) -> Iterator[Batch]:
        """Yield one epoch in shuffled order. A last batch of one frame is dropped, because batch norm needs two."""
        order_N = torch.randperm(len(self), generator=shuffle).to(self.frames_NHW.device)
        for chosen_B in torch.split(order_N, batch_size)[: self.steps(batch_size)]:
            yield self.batch(chosen_B)

    def steps(self, batch_size: int) -> int:
        """Return the number of batches per epoch."""
        whole, rest = divmod(len(self), batch_size)
        return max(whole + (rest > 1), 1)


def _fits(bytes_needed: int, device: torch.device) -> bool:
    """Return whether the frames fit on the device beside a model."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return bytes_needed < DEVICE_SHARE * free
