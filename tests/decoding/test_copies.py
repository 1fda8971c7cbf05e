"""Moved copies: what is moved comes back to its place, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lvzoo.decoding.clip import read_copies
from lvzoo.decoding.copies import COPIES, Move
from lvzoo.decoding.forms import choose_form
from lvzoo.models.base import LandmarkModel
from tests.decoding.models import SIZE_HW, Bright, Corners, Placed, blob_frames

FRAMES_B1HW = blob_frames(np.array([[50.0, 60.0], [61.3, 48.8]]))
MOVES = [*COPIES, Move(scale=0.9, right_px=-4.5, down_px=2.25)]


def middle_of(map_HW: torch.Tensor) -> tuple[float, float]:
    """Return the mean place (x, y) of a map's values."""
    ys, xs = torch.meshgrid(*(torch.arange(each) for each in map_HW.shape), indexing="ij")
    total = map_HW.sum()
    return float((map_HW * xs).sum() / total), float((map_HW * ys).sum() / total)


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_a_moved_frame_shows_the_blob_where_the_move_puts_it(move: Move) -> None:
    x, y = middle_of(FRAMES_B1HW[0, 0])
    moved = move.move_frames(FRAMES_B1HW)
    wanted = (
        55.5 + move.scale * (x - 55.5) + move.right_px,
        55.5 + move.scale * (y - 55.5) + move.down_px,
    )
    assert middle_of(moved[0, 0]) == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize("move", MOVES, ids=str)
@pytest.mark.parametrize("step", [1, 4])
def test_maps_and_points_come_back_to_where_they_were(move: Move, step: int) -> None:
    coarse = torch.nn.functional.avg_pool2d(FRAMES_B1HW, step)
    moved = torch.nn.functional.avg_pool2d(move.move_frames(FRAMES_B1HW), step)
    back = move.move_maps_back(moved, SIZE_HW)
    assert (back - coarse).abs().max() < (0.01 if step == 1 else 0.05)
    for map_B1HW in (coarse, back):
        assert middle_of(map_B1HW[0, 0]) == pytest.approx(middle_of(coarse[0, 0]), abs=0.1 / step)
    points_BK2 = torch.tensor([[middle_of(each[0])] for each in move.move_frames(FRAMES_B1HW)])
    wanted = np.array([[middle_of(each[0])] for each in FRAMES_B1HW])
    assert move.move_points_back(points_BK2, SIZE_HW).numpy() == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize(
    "model", [Bright(), Bright(4), Placed(), Corners()], ids=lambda each: type(each).__name__
)
def test_a_model_that_follows_the_picture_gives_the_same_as_without_copies(model: torch.nn.Module) -> None:
    form = choose_form(model, torch.float32)
    plain_BHW = form.decode(form.read(FRAMES_B1HW), SIZE_HW)
    copied_BHW = form.decode(read_copies(form, FRAMES_B1HW), SIZE_HW)
    area = plain_BHW.sum()
    assert area > 600, "there is something to compare"
    assert (plain_BHW ^ copied_BHW).sum() <= 0.02 * area
    first, second = (
        middle_of(torch.from_numpy(masks_BHW[1].astype(np.float64))) for masks_BHW in (plain_BHW, copied_BHW)
    )
    assert second == pytest.approx(first, abs=0.1)


def test_a_copy_counts_only_where_it_shows_the_frame() -> None:
    """A mask at the border of the frame is not eaten by the black that comes in from outside."""
    bright_B1HW = torch.ones(1, 1, *SIZE_HW)
    form = choose_form(Bright(), torch.float32)
    assert form.decode(read_copies(form, bright_B1HW), SIZE_HW).all()


class Seen(LandmarkModel):
    """Finds three bright dots by heatmaps: in a copy that a dot has left, it is found somewhere at the edge."""

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        thirds = [frames_B1HW[..., start : start + 37] for start in (0, 37, 74)]
        maps = [torch.full_like(frames_B1HW, -1e4) for _ in thirds]
        for map_B1HW, third, start in zip(maps, thirds, (0, 37, 74), strict=True):
            map_B1HW[..., start : start + 37] = 1000 * third
        return torch.cat(maps, dim=1)


@pytest.mark.parametrize("y", [104.0, 108.0, 110.0])
def test_landmarks_at_the_edge_of_the_frame_stay_there(y: float) -> None:
    """A copy in which a landmark has left the frame does not pull it inwards; the others still count."""
    dots_K2 = torch.tensor([[18.0, y], [55.0, 30.0], [92.0, y]])
    ys_HW, xs_HW = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
    hills = [np.exp(-0.5 * ((xs_HW - x) ** 2 + (ys_HW - each_y) ** 2) / 9) for x, each_y in dots_K2.tolist()]
    frames_B1HW = torch.from_numpy(sum(hills, np.zeros(SIZE_HW)).astype(np.float32))[None, None]
    form = choose_form(Seen(), torch.float32)
    assert form.read(frames_B1HW)[0].numpy() == pytest.approx(dots_K2.numpy(), abs=0.1)
    assert read_copies(form, frames_B1HW)[0].numpy() == pytest.approx(dots_K2.numpy(), abs=0.25)


def test_a_landmark_outside_the_frame_is_that_of_the_frame_itself() -> None:
    """No copy shows it, and a model that predicts points may well say where it is."""

    class Outside(Placed):
        def points(self, output: torch.Tensor, size_HW: tuple[int, int]) -> torch.Tensor:
            return super().points(output, size_HW) + torch.tensor([0.0, 90.0])

    form = choose_form(Outside(), torch.float32)
    assert torch.equal(read_copies(form, FRAMES_B1HW), form.read(FRAMES_B1HW))
