"""Tests of the drawing. `pytest --lvzoo-plugin "ellipse*"` adds the checks of lvzoo, one test per check."""

import math

import torch

from lvzoo_ellipse.ceiling import ceiling_N
from lvzoo_ellipse.draw import LONG, PLANE, SHORT, logits_of

SIZE_HW = (112, 112)


def mask_of(*numbers: float) -> torch.Tensor:
    return (logits_of(torch.tensor([numbers]), SIZE_HW, softness_px=1.0) >= 0)[0]


def test_zeros_are_an_average_ventricle_in_the_middle() -> None:
    mask_HW = mask_of(0, 0, 0, 0, 0, 0)
    area = math.pi * LONG * SHORT * 112**2
    assert abs(int(mask_HW.sum()) - area) < 0.01 * area
    assert torch.equal(mask_HW, mask_HW.flip(0, 1))


def test_a_positive_tilt_moves_the_top_to_the_left() -> None:
    columns = torch.arange(112.0)
    top_W = mask_of(0, 0, 0, 0, 0.5, 0)[:50].sum(0)
    assert (top_W * columns).sum() / top_W.sum() < 50


def test_a_positive_taper_makes_the_top_narrower_and_the_bottom_wider() -> None:
    rows_H, plain_H = (mask_of(0, 0, 0, 0, 0, taper).sum(1) for taper in (0.4, 0))
    top, bottom = round(55.5 - LONG * 112 / 2), round(55.5 + LONG * 112 / 2)
    assert rows_H[top] < 0.9 * plain_H[top]
    assert rows_H[bottom] > 1.1 * plain_H[bottom]
    assert rows_H[56] == plain_H[56]


def test_the_cut_removes_what_is_below_the_mitral_plane() -> None:
    whole_HW, cut_HW = mask_of(0, 0, 0, 0, 0, 0.3), mask_of(0, 0, 0, 0, 0, 0.3, 0)
    plane_row = round(55.5 + PLANE * LONG * 112)
    assert torch.equal(cut_HW[:plane_row], whole_HW[:plane_row])
    assert not cut_HW[plane_row + 1 :].any()


def test_the_ceiling_of_an_ellipse_is_nearly_one() -> None:
    masks_NHW = torch.stack([mask_of(0.1, -0.2, 0.2, -0.1, 0.3, 0.4), mask_of(-0.1, 0.1, -0.2, 0.1, -0.2, 0)])
    assert (ceiling_N(masks_NHW, cut=False) > 0.98).all()
