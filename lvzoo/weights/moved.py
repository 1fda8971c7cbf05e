"""Moves the border of a network's masks by one number, without a change to its tensors.

The network stays what it is: its class, its tensors, and the methods that plugins override. Code that uses a network
need not know that its border was moved: it can average logits over frames, or draw a mask through smoothed landmarks,
as usual.

Letters in names: B batch, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.geometry.contour import find_normals, spline
from lvzoo.models.base import LandmarkModel
from lvzoo.types import Kind


class Border:
    """The border of a network, which `number` moves; a positive number moves it outwards.

    For a mask model, the number is added to the output of `forward`, which must be logits. For a landmark model, it
    is the offset of the landmarks in px along the normal of their curve.
    """

    def __init__(self, network: nn.Module, kind: Kind, number: float = 0.0) -> None:
        """Take hold of a network's border.

        Raises:
            PluginError: a landmark model does not inherit `LandmarkModel`, so that nobody can draw its curve.
        """
        self.number = number
        if kind == "mask":
            network.register_forward_hook(self._raise_logits)
            return
        if not isinstance(network, LandmarkModel):
            raise PluginError(
                f"{type(network).__name__} draws its masks in a way of its own, so its border cannot be moved; "
                "inherit LandmarkModel from lvzoo.models.base"
            )
        self._read_points = network.points
        network.points = self._move_points  # type: ignore[method-assign] # of this network only

    def _raise_logits(self, _network: nn.Module, _frames: object, output: object) -> object:
        """Add the number to the output of `forward`. Other code reports an output that is no tensor."""
        return output.float() + self.number if isinstance(output, torch.Tensor) else output

    def _move_points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
        """Return the landmarks of an output, moved along the normals."""
        points_BK2 = self._read_points(output, size_HW)
        moved_BK2 = [move_outwards(each, self.number) for each in points_BK2.double().cpu().numpy()]
        return torch.from_numpy(np.stack(moved_BK2)).to(points_BK2)


def move_outwards(landmarks_K2: NDArray[np.floating], offset_px: float) -> NDArray[np.float64]:
    """Return landmarks moved along the outward normals of the spline through them.

    Landmarks that are not finite, or of which fewer than three are apart, stay where they are.
    """
    points_K2: NDArray[np.float64] = np.array(landmarks_K2, dtype=np.float64)
    curve_P2 = spline(points_K2) if np.isfinite(points_K2).all() else np.empty((0, 2))
    if len(curve_P2) < 3:
        return points_K2
    nearest_K = np.square(points_K2[:, None] - curve_P2).sum(axis=2).argmin(axis=1)
    return np.asarray(points_K2 + offset_px * find_normals(curve_P2)[nearest_K])
