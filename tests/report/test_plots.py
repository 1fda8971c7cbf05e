"""The drawings: where marks stand, what outlines enclose, what a picture holds."""

from __future__ import annotations

import base64
import dataclasses
import io
import math
import re

import numpy as np
import pytest
from PIL import Image

from lvzoo.report.costs import cost_charts
from lvzoo.report.drawing import Drawing, Look, Scale, assign_looks, log_ticks, nice_ticks
from lvzoo.report.gallery import make_pictures, outline, png_uri
from lvzoo.report.plots import Frame, Strips, response_chart
from lvzoo.types import Condition
from tests.report.studies import make_study

MASK = Look(number=0, kind="mask")
LANDMARK = Look(number=8, kind="landmark")


def numbers(drawing: Drawing, tag: str, attribute: str) -> list[float]:
    return [float(element.attrib[attribute]) for element in drawing.root.iter(tag)]


def test_dots_of_one_table_share_their_scale() -> None:
    strips = Strips([0.70, 0.80], [0.76, 0.90])
    first, second = strips.row(0.73, 0.70, 0.76, MASK), strips.row(0.86, 0.80, 0.90, MASK)
    [left], [right] = numbers(first, "circle", "cx"), numbers(second, "circle", "cx")
    assert right - left == pytest.approx(
        (0.86 - 0.73) * (strips.scale(0.9) - strips.scale(0.8)) / 0.1, abs=0.1
    )


def test_what_is_not_known_has_no_dot() -> None:
    strips = Strips([math.nan], [math.nan])
    assert numbers(strips.row(math.nan, math.nan, math.nan, MASK), "circle", "cx") == []


def test_a_margin_is_drawn_about_zero_even_where_all_lies_beyond() -> None:
    strips = Strips([0.02], [0.04], margin=0.005)
    drawing = strips.row(0.03, 0.02, 0.04, MASK)
    [band] = [element for element in drawing.root.iter("polygon") if element.attrib["class"] == "band"]
    edges = sorted({float(point.split(",")[0]) for point in band.attrib["points"].split()})
    assert edges == pytest.approx([strips.scale(-0.005), strips.scale(0.005)], abs=0.1)
    assert edges[0] > 0


def test_masks_are_circles_and_landmarks_diamonds_and_the_eighth_model_is_hollow() -> None:
    strips = Strips([0.7], [0.8])
    assert numbers(strips.row(0.75, 0.7, 0.8, MASK), "circle", "cx")
    diamond = strips.row(0.75, 0.7, 0.8, LANDMARK)
    assert not list(diamond.root.iter("circle"))
    assert "hollow" in LANDMARK.css
    assert "m1 " in LANDMARK.css
    assert "hollow" not in MASK.css


def test_a_response_that_falls_goes_down_the_page() -> None:
    ranking = make_study(models=2).ranking
    frame = Frame(ranking, size=(420, 230))
    curves = ranking.response[ranking.response["corruption"] == "haze"]
    drawing = response_chart(curves, assign_looks(ranking), frame, label="haze")
    lines = [line for line in drawing.root.iter("polyline") if line.attrib["class"].startswith("curve")]
    assert [line.attrib["class"].split()[-1] for line in lines] == ["landmark", "mask"], "the best above"
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert len(points) == 6
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert [y for _, y in points] == sorted(y for _, y in points)
        assert points[0] == pytest.approx(
            (frame.across(0), frame.down(curves["dice"].iloc[0 if "mask" in line.attrib["class"] else 6])),
            abs=0.1,
        )


def test_names_in_a_drawing_are_escaped() -> None:
    drawing = Drawing(10, 10, label='"<&')
    drawing.text(0, 0, "<b>&")
    assert "<text" in drawing.__html__()
    assert "&lt;b&gt;&amp;" in drawing.__html__()
    assert 'aria-label="&quot;&lt;&amp;"' in drawing.__html__()


def test_cost_is_drawn_where_at_least_two_models_tell_it() -> None:
    ranking = make_study(models=3).ranking
    look = assign_looks(ranking)
    assert len(cost_charts(ranking, look)) == 3
    known = dict(ranking.models)
    for model in list(known)[1:]:
        known[model] = dataclasses.replace(known[model], ms_per_frame=math.nan, flops=None)
    assert len(cost_charts(dataclasses.replace(ranking, models=known), look)) == 1


def test_models_of_the_same_cost_can_be_drawn() -> None:
    ranking = make_study(models=2, parameters=1_000_000, ms_per_frame=1.0, flops=None).ranking
    assert len(cost_charts(ranking, assign_looks(ranking))) == 2


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.7123, 0.7124), (-0.02, 0.4), (0.1, 1.0)])
def test_ticks_enclose_the_numbers(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 8
    assert math.isfinite(Scale(ticks[0], ticks[-1], 0, 100)(high))


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (0.21, 0.22), (3e5, 9e9)])
def test_logarithmic_ticks_enclose_the_numbers(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len(ticks) >= 2


def test_an_outline_encloses_the_pixels_of_its_mask() -> None:
    mask_HW = np.zeros((8, 9), dtype=np.bool_)
    mask_HW[2:5, 3:7] = True
    points = [tuple(map(float, each)) for each in re.findall(r"([\d.-]+),([\d.-]+)", outline(mask_HW))]
    assert (min(x for x, _ in points), max(x for x, _ in points)) == (3, 7)
    assert (min(y for _, y in points), max(y for _, y in points)) == (2, 5)
    assert outline(np.zeros_like(mask_HW)) == ""
    assert outline(np.ones_like(mask_HW)).count("M") == 1
    mask_HW[0, 0] = True
    assert outline(mask_HW).count("Z") == 2


def test_a_picture_holds_its_frame_pixel_by_pixel_and_says_what_it_is() -> None:
    [specimen] = make_study(models=1, specimens=1).specimens
    specimen = dataclasses.replace(specimen, condition=Condition(corruption="haze", severity=5))
    encoded = png_uri(specimen.frame_HW).removeprefix("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
        assert np.array_equal(np.asarray(image), specimen.frame_HW)
    [picture] = make_pictures([specimen])[specimen.model]
    assert picture.alt == f"0X0000, frame 23, ES, haze, severity 5: best frame, Dice {specimen.dice:.3f}"
