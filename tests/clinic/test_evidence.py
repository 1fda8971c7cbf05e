from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.clinic.evidence import EVIDENCE, measure_evidence

SIZE = (112, 112)
Y, X = np.mgrid[:112, :112].astype(np.float64)
BLACK = np.zeros((1, *SIZE), dtype=np.uint8)


def draw_ellipse(width: float = 18, length: float = 30, x: float = 56) -> NDArray[np.bool_]:
    return np.asarray((((X - x) / width) ** 2 + ((Y - 56) / length) ** 2 < 1)[None])


def make_logits(sharpness: float) -> NDArray[np.float32]:
    return np.asarray(sharpness * (30 - np.hypot(X - 56, Y - 56))[None], dtype=np.float32)


def measure(
    masks_BHW: NDArray[np.bool_] | None = None, frames_BHW: NDArray[np.uint8] = BLACK, **given: object
) -> dict[str, float]:
    masks = draw_ellipse() if masks_BHW is None else masks_BHW
    [figures_F] = measure_evidence(frames_BHW=frames_BHW, masks_BHW=masks, **given)  # type: ignore[arg-type]
    return dict(zip(EVIDENCE, figures_F.tolist(), strict=True))


def test_agreement_is_the_dice_with_the_second_opinion() -> None:
    assert measure(check_masks_BHW=draw_ellipse())["agreement"] == 1
    assert 0.6 < measure(check_masks_BHW=draw_ellipse(x=66))["agreement"] < 0.8
    assert measure(check_masks_BHW=draw_ellipse(x=100))["agreement"] < 0.1


def test_the_models_of_a_mean_are_compared_with_each_other() -> None:
    members = (draw_ellipse(x=50), draw_ellipse(x=62))
    apart = measure(member_masks=members)["agreement"]
    assert apart < measure(check_masks_BHW=members[0])["agreement"]
    with_check = measure(member_masks=members, check_masks_BHW=draw_ellipse())["agreement"]
    assert apart < with_check < 1  # the mean over three pairs


def test_two_models_that_find_nothing_do_not_agree() -> None:
    nothing = np.zeros((1, *SIZE), dtype=np.bool_)
    found = measure(nothing, check_masks_BHW=nothing)
    assert found["agreement"] == found["solidity"] == found["largest piece"] == 0


def test_what_is_not_known_is_nan() -> None:
    found = measure()
    unknown = {name for name, value in found.items() if np.isnan(value)}
    assert unknown == {"agreement", "border", "confidence", "check border", "check confidence", "flicker"}


def test_sharp_logits_have_a_sharp_border_and_are_confident() -> None:
    soft, sharp = measure(logits_BHW=make_logits(0.2)), measure(logits_BHW=make_logits(2))
    assert soft["border"] < 0.8
    assert 0.95 < sharp["border"] <= 1
    assert soft["confidence"] < sharp["confidence"] <= 1
    assert measure(check_logits_BHW=make_logits(2))["check border"] == sharp["border"]
    assert measure(logits_BHW=make_logits(-1000))["confidence"] > 0.99  # the outside of a disk
    nothing = measure(logits_BHW=np.full((1, *SIZE), -5, dtype=np.float32))
    assert nothing["border"] == nothing["confidence"] == 0


def test_a_mask_in_pieces_is_neither_solid_nor_one() -> None:
    whole, pieces = measure(), measure(draw_ellipse(10, 20, x=30) | draw_ellipse(10, 20, x=80))
    assert whole["solidity"] > 0.95
    assert whole["largest piece"] == 1
    assert pieces["solidity"] < 0.7
    assert pieces["largest piece"] == pytest.approx(0.5, abs=0.02)


def test_an_upright_cone_tapers_upwards_at_every_tilt() -> None:
    cone = np.zeros(SIZE, dtype=np.uint8)
    cv2.fillConvexPoly(cone, np.array([[56, 20], [40, 85], [72, 85]]), 1)
    for angle_deg in (-35, 0, 35):
        turned = cv2.warpAffine(
            cone, cv2.getRotationMatrix2D((56, 56), angle_deg, 1), SIZE, flags=cv2.INTER_NEAREST
        )
        assert measure(np.asarray(turned[None], dtype=np.bool_))["taper"] == pytest.approx(-0.57, abs=0.05)
    assert measure(np.asarray(cone[None, ::-1], dtype=np.bool_))["taper"] == pytest.approx(0.57, abs=0.05)
    assert measure()["taper"] == pytest.approx(0, abs=0.01)


def test_elongation_is_that_of_an_ellipse() -> None:
    assert measure(draw_ellipse(15, 30))["elongation"] == pytest.approx(2, abs=0.03)
    assert measure(draw_ellipse(30, 15))["elongation"] == pytest.approx(2, abs=0.03)
    line = np.zeros((1, *SIZE), dtype=np.bool_)
    line[0, 20:60, 50] = True
    assert 30 < measure(line)["elongation"] < 50


def test_only_an_upright_sector_leaves_the_upper_corners_dark() -> None:
    sector = np.where(np.abs(np.arctan2(X - 56, Y - 4)) < np.deg2rad(45), 100, 0).astype(np.uint8)[None]
    upright, upside_down = measure(frames_BHW=sector), measure(frames_BHW=sector[:, ::-1])
    assert upright["corners"] < 0.05
    assert upright["flanks"] < 0.05
    assert upside_down["flanks"] > 10
    grey, black = measure(frames_BHW=np.full((1, *SIZE), 90, dtype=np.uint8)), measure()
    assert grey["corners"] == black["corners"] == 1


def test_every_frame_is_measured_by_itself() -> None:
    masks_BHW = np.concatenate([draw_ellipse(), np.zeros((1, *SIZE), dtype=np.bool_), draw_ellipse(10, 30)])
    frames_BHW = np.concatenate([BLACK] * 3)
    together_BF = measure_evidence(frames_BHW=frames_BHW, masks_BHW=masks_BHW)
    assert together_BF.shape == (3, len(EVIDENCE))
    for mask_HW, figures_F in zip(masks_BHW, together_BF, strict=True):
        alone = measure_evidence(frames_BHW=BLACK, masks_BHW=mask_HW[None])
        np.testing.assert_allclose(alone[0], figures_F)
    assert measure_evidence(frames_BHW=frames_BHW[:0], masks_BHW=masks_BHW[:0]).shape == (0, len(EVIDENCE))
