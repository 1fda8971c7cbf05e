"""The page of a clip as a file: closed in itself, small, true to the answer, and sound for clips of any kind."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from PIL import Image

from lvzoo.report import clip_page_pictures, clip_page_tables
from lvzoo.report.clip_page_charts import place_frames
from lvzoo.report.clip_page_index import write_index_page
from lvzoo.report.clip_page_pictures import Pictures
from lvzoo.report.clip_page_shapes import make_path, shape_scale
from lvzoo.types.answer import NO_MEDICAL_DEVICE, ClipAnswer, ModelUsed, Verdict, View
from tests.report.made_answers import make_answer, make_frames, make_unmeasured, write_page
from tests.report.test_html import Page

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HOSTILE: Final = "</script><img src=x onerror=alert('1')>\"&{{ 7 * 7 }}"


def make_hostile() -> ClipAnswer:
    answer = make_answer()
    flags = (HOSTILE,) * len(answer.outlines)
    return dataclasses.replace(
        answer,
        clip=HOSTILE,
        models=(ModelUsed(name=HOSTILE, weights=HOSTILE, trained_on=HOSTILE, role="answer"),),
        trust=dataclasses.replace(answer.trust, flags_N=tuple((flag,) for flag in flags)),
        beats=(*answer.beats[:2], dataclasses.replace(answer.beats[2], reason=HOSTILE)),
        no_ml_reason=HOSTILE,
        verdict=Verdict(trusted=False, text=HOSTILE, reasons=(HOSTILE,)),
        warnings=(HOSTILE,),
    )


ANSWERS: Final[Mapping[str, Callable[[], ClipAnswer]]] = {
    "two beats": make_answer,
    "no times": lambda: make_answer(times_s_N=None, fps=None),
    "times that do not increase": lambda: make_answer(times_s_N=np.zeros(90)),
    "no beats": lambda: make_answer(frames=12, beats=(), ef_percent=None, ef_reason="the clip is too short"),
    "one frame": lambda: make_answer(frames=1, beats=(), ef_percent=None, ef_reason="the clip is too short"),
    "one frame, no times": lambda: make_answer(frames=1, beats=(), times_s_N=None),
    "nothing measured": make_unmeasured,
    "one frame, nothing measured": lambda: make_unmeasured(1),
    "no second opinion": lambda: make_answer(check_outlines=()),
    "lost frames": lambda: make_answer(frame_numbers_N=np.r_[0:40, 45:95]),
    "wide": lambda: make_answer(size_HW=(60, 200)),
    "calibrated": lambda: make_answer(mm_per_px=0.5, no_ml_reason=None),
    "calibrated, nothing measured": lambda: dataclasses.replace(make_unmeasured(), mm_per_px=0.5),
    "hostile": make_hostile,
}


def written(answer: ClipAnswer, folder: Path) -> str:
    path = folder / "clip.html"
    write_page(answer, path)
    assert [each.name for each in folder.iterdir()] == ["clip.html"]
    return path.read_text(encoding="utf-8")


def data_of(markup: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', markup, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def text_of(markup: str) -> str:
    """Return the words of a page, each separated by one space."""
    spaced = re.sub(
        r"(</?(?:p|li|dd|dt|td|th|h[123]|small|b|i|button|br|span|div|title|text)\b)", r" \1", markup
    )
    return " ".join(Page(spaced).text.split())


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_makes_a_sound_page(name: str, tmp_path: Path) -> None:
    answer = ANSWERS[name]()
    markup = written(answer, tmp_path)
    text, data = text_of(markup), data_of(markup)
    assert not re.search(r"\b(nan|None|inf)\b", text)
    assert not re.search(
        r"\b(nan|None|inf)\b", re.sub(r"<script.*?</script>|<style.*?</style>", "", markup, flags=re.DOTALL)
    )
    assert NO_MEDICAL_DEVICE in text
    assert answer.clip in text
    frames = len(answer.outlines)
    for part in (data["numbers"], data["pictures"], data["paths"][0], data["across"], data["dice"]):
        assert len(part) == frames
    assert all(len(each) == frames for each in (*data["down"].values(), *data["sizes"].values()))
    assert all(0 <= percent <= 100 for percent in data["across"])
    assert markup.count("data-row=") == frames


@pytest.mark.parametrize("name", ANSWERS)
def test_the_page_loads_nothing_from_anywhere(name: str, tmp_path: Path) -> None:
    page = Page(written(ANSWERS[name](), tmp_path))
    for tag, attribute, value in page.attributes:
        if attribute in ("src", "href", "action", "data", "poster", "srcset"):
            assert value.startswith(("data:image/jpeg;base64,", "data:,", "#")), (tag, attribute, value[:60])
        assert not attribute.startswith("on")
        assert attribute != "style"
        assert tag not in ("iframe", "object", "base", "form", "video")
    assert "url(" not in page.styles
    assert "@import" not in page.styles


def test_the_policy_allows_the_own_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    markup = written(make_answer(), tmp_path)
    [policy] = [value for value in Page(markup).values("content") if "default-src" in value]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        [source] = re.findall(rf"<{tag}>(.*?)</{tag}>", markup, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_hostile_names_are_written_not_run(tmp_path: Path) -> None:
    markup = written(make_hostile(), tmp_path)
    assert "<img src=x" not in markup
    assert markup.count("<script") == markup.count("</script") == 2
    page = Page(markup)
    assert HOSTILE in page.text
    assert not [value for tag, name, value in page.attributes if (tag, name) == ("img", "onerror")]


@pytest.mark.parametrize(("size_HW", "noise"), [((112, 112), 60.0), ((480, 640), 60.0)])
def test_a_page_of_200_noisy_frames_has_all_pictures_and_at_most_two_megabytes(
    size_HW: tuple[int, int], noise: float, tmp_path: Path
) -> None:
    path = tmp_path / "clip.html"
    page = write_page(make_answer(frames=200, size_HW=size_HW), path, noise=noise)
    assert path.stat().st_size <= 2_000_000
    assert page.pictures.stride == 1
    assert all(page.pictures.jpegs)


def test_a_long_clip_drops_pictures_and_says_so_but_keeps_every_contour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_page_pictures, "LEAST_BYTES", 60_000)
    monkeypatch.setattr(clip_page_pictures, "FULL_FRAMES", 90)
    markup = written(make_answer(), tmp_path)
    data = data_of(markup)
    assert data["stride"] > 1
    kept = [at for at, picture in enumerate(data["pictures"]) if picture]
    assert kept == list(range(0, 90, data["stride"]))
    assert all(data["paths"][0])
    assert f"only one frame in {data['stride']} has a picture" in text_of(markup)
    assert sum(len(picture) * 3 / 4 for picture in data["pictures"] if picture) <= 61_000


@pytest.mark.parametrize("likely", [None, 5, 40])
def test_the_number_of_frames_need_not_be_known_before(
    likely: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_page_pictures, "LEAST_BYTES", 150_000)
    answer = make_answer(frames=40, size_HW=(200, 300))
    pictures = Pictures(answer.view, likely_frames=likely)
    for frame_HW in make_frames(answer):
        pictures.add(frame_HW)
    assert sum(len(jpeg or b"") for jpeg in pictures.jpegs) == pictures.bytes <= 150_000
    assert len(pictures.jpegs) == 40
    assert pictures.step > 0


def open_picture(text: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_only_the_view_is_in_the_pictures(tmp_path: Path) -> None:
    shown_HW = np.zeros((112, 112), dtype=np.bool_)
    shown_HW[10:90, 40:80] = True
    view = View(left=20, top=10, width=80, height=80, shown_HW=shown_HW)
    data = data_of(written(make_answer(frames=3, view=view, beats=()), tmp_path))
    for picture in data["pictures"]:
        picture_HW = open_picture(picture)
        assert picture_HW.shape == (80, 80)
        assert picture_HW[:, :16].max() <= 3
        assert picture_HW[:, 64:].max() <= 3
        assert picture_HW[:, 24:56].mean() > 60


def read_path(path: str) -> NDArray[np.float64]:
    start, steps = path.removeprefix("M").removesuffix("z").split("l")
    points = np.array([int(each) for each in start.split()])
    moves = np.array([int(each) for each in re.findall(r"-?\d+", steps)]).reshape(-1, 2)
    return np.vstack([points, points + np.cumsum(moves, axis=0)])


def test_the_contour_lies_over_its_place_in_the_picture() -> None:
    view = View(left=10, top=20, width=90, height=80)
    [outline_P2] = make_answer(frames=1).outlines
    assert outline_P2 is not None
    points_P2 = read_path(make_path(outline_P2, view)) / shape_scale(view)
    wanted_P2 = outline_P2 - (10, 20) + 0.5  # a pixel's centre is half a pixel from the corner of the picture
    gaps_P = np.linalg.norm(points_P2[:, None] - wanted_P2[None], axis=2).min(axis=1)
    assert gaps_P.max() < 1.2, "the points of the outline are up to 2 px apart"
    for low, wanted in zip(points_P2.min(axis=0), wanted_P2.min(axis=0), strict=True):
        assert low == pytest.approx(wanted, abs=0.25)
    for high, wanted in zip(points_P2.max(axis=0), wanted_P2.max(axis=0), strict=True):
        assert high == pytest.approx(wanted, abs=0.25)


def test_the_steps_of_a_mask_do_not_show() -> None:
    [outline_P2] = make_answer(frames=1).outlines
    assert outline_P2 is not None
    view = View(left=0, top=0, width=112, height=112)
    rough, smooth = make_path(np.rint(outline_P2), view), make_path(outline_P2, view)
    assert len(read_path(rough)) < 1.6 * len(read_path(smooth))


@pytest.mark.parametrize(
    "outline_P2", [None, np.full((5, 2), np.nan), np.zeros((1, 2)), np.full((9, 2), 7.0)]
)
def test_what_is_no_outline_is_not_drawn(outline_P2: NDArray[np.float32] | None) -> None:
    assert make_path(outline_P2, View(left=0, top=0, width=112, height=112)) == ""


def test_an_outline_of_very_many_points_is_drawn_with_few() -> None:
    rng = np.random.default_rng(0)
    view = View(left=0, top=0, width=600, height=600)
    assert len(read_path(make_path(rng.uniform(0, 600, (5000, 2)).astype(np.float32), view))) <= 200


def test_the_ejection_fraction_stands_with_its_beats(tmp_path: Path) -> None:
    text = text_of(written(make_answer(), tmp_path))
    assert "EF 49 % mean of 2 beats, SD 1.2, 1 beat left out" in text
    assert "left out: the clip ends before its end-systole" in text
    assert "Heart rate 75 /min" in text
    assert "FAC 29 %" in text
    assert "Trusted All frames that decide the ejection fraction are trusted." in text


def test_three_beats_have_a_median(tmp_path: Path) -> None:
    text = text_of(written(make_answer(frames=130, ef_median_percent=48.7), tmp_path))
    assert "EF 49 % mean of 3 beats, SD 1.2, median 48.7 %" in text


def test_without_a_whole_beat_there_is_no_ejection_fraction_and_the_reason(tmp_path: Path) -> None:
    answer = make_answer(frames=12)
    text = text_of(written(answer, tmp_path))
    assert "EF none no ejection fraction: the clip shows no whole beat" in text


def test_an_answer_that_is_not_trusted_says_so_at_its_ejection_fraction(tmp_path: Path) -> None:
    verdict = Verdict(
        trusted=False, text="one of 4 frames is not trusted", reasons=("expected Dice 0.61 at ES",)
    )
    text = text_of(written(make_answer(verdict=verdict), tmp_path))
    assert "Not trusted One of 4 frames is not trusted. expected Dice 0.61 at ES" in text
    assert re.search(r"EF 49 % ?not trusted", text)
    assert "not trusted mean" not in text_of(written(make_answer(), tmp_path))


def test_millilitres_only_with_a_trusted_calibration(tmp_path: Path) -> None:
    text = text_of(written(make_answer(mm_per_px=0.5, no_ml_reason=None), tmp_path))
    assert "EDV / ESV 5 / 3 mL" in text
    assert "Volume, mL" in text
    assert "area, cm²" in text
    text = text_of(written(make_answer(), tmp_path))
    assert " mL" not in text
    assert "no millilitres: the file does not state the size of a pixel" in text
    assert "Volume, % of the mean at end-diastole" in text


def test_a_synthetic_clip_is_called_so_and_a_real_one_is_not(tmp_path: Path) -> None:
    real = make_answer(models=())
    assert "ynthetic" not in text_of(written(real, tmp_path))
    assert "Synthetic phantom: a simulated patient" in text_of(
        written(dataclasses.replace(real, synthetic=True), tmp_path)
    )


def test_frames_that_are_not_trusted_are_named_with_the_reason_and_hatched(tmp_path: Path) -> None:
    markup = written(make_answer(), tmp_path)
    text = text_of(markup)
    assert "not trusted 5 of 90 frames: their expected Dice is below 0.8." in text
    assert "expected Dice below 0.8 5 frames: 30-34" in text
    assert "the models disagree 5 frames: 30-34" in text
    assert "Odd, but trusted the area jumps 1 frame: 50" in text
    assert data_of(markup)["doubtful"] == [30, 31, 32, 33, 34]
    assert markup.count('class="hatched"') == 3, "in both curves and in the bar below"
    trusted = make_answer(frames=20)
    assert "All frames are trusted, and none is odd." in text_of(written(trusted, tmp_path))
    assert 'class="hatched"' not in written(trusted, tmp_path)


def test_a_frame_without_an_expected_dice_is_not_trusted(tmp_path: Path) -> None:
    answer = make_answer(frames=20)
    dice_N = np.where(np.arange(20) < 3, np.nan, answer.trust.dice_N)
    trust = dataclasses.replace(answer.trust, dice_N=dice_N)
    markup = written(dataclasses.replace(answer, trust=trust), tmp_path)
    assert data_of(markup)["doubtful"] == [0, 1, 2]
    assert "no expected Dice 3 frames: 0-2" in text_of(markup)


def test_many_stretches_are_counted(tmp_path: Path) -> None:
    answer = make_answer()
    flags = tuple(("flicker",) if at % 2 else () for at in range(90))
    trust = dataclasses.replace(answer.trust, dice_N=np.full(90, 0.9), flags_N=flags)
    text = text_of(written(dataclasses.replace(answer, trust=trust), tmp_path))
    assert "flicker 45 frames: 1 3 5" in text
    assert "and 33 more stretches" in text


def test_moments_are_buttons_with_names(tmp_path: Path) -> None:
    page = Page(written(make_answer(), tmp_path))
    names = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert "end-diastole of beat 2, frame 44" in names
    assert "end-systole of beat 1, frame 20" in names
    assert "end-diastole of beat 3, frame 84" in names
    assert data_of(written(make_answer(), tmp_path))["moments"][1] == [20, "end-systole of beat 1"]


def test_frames_keep_their_numbers_where_some_are_lost(tmp_path: Path) -> None:
    markup = written(make_answer(frame_numbers_N=np.r_[0:40, 45:95]), tmp_path)
    assert data_of(markup)["numbers"][40] == 45
    curves = re.findall(r'class="size-curve" d="([^"]*)"', markup)
    assert [curve.count("M") for curve in curves] == [2, 2], "no line over the gap"


def test_the_table_has_a_row_per_frame_and_values_to_sort_by(tmp_path: Path) -> None:
    rows = Page(written(make_answer(), tmp_path)).tables["All frames"]
    assert len(rows) == 91
    assert [sort for _, sort in rows[31][:3]] == ["30", "0.6", rows[31][2][1]]
    assert rows[31][5] == ("0.60", "0.6")
    assert rows[31][-1][0] == "expected Dice below 0.8, the models disagree"
    assert rows[1][-1] == ("", None), "what is empty sorts last"


def test_the_table_of_a_very_long_clip_leaves_out_frames_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_page_tables, "MOST_ROWS", 30)
    markup = written(make_answer(), tmp_path)
    positions = {int(each) for each in re.findall(r'data-row="(\d+)"', markup)}
    assert positions == {*range(0, 90, 3), 4, 20, 44, 60, 84}
    assert "One frame in 3, and those at ED and ES; frames.csv has all" in text_of(markup)


def test_frames_lie_at_their_times(tmp_path: Path) -> None:
    times_s = np.array([0.0, 0.1, 0.4])
    assert place_frames(times_s, np.arange(3)).percents_N.tolist() == pytest.approx([0, 25, 100])
    data = data_of(written(make_answer(frames=3, times_s_N=times_s + 7, beats=()), tmp_path))
    assert data["times_s"] == [7, 7.1, 7.4]  # as in frames.csv: the frames before may be damaged


def test_the_table_of_beats_has_the_times_of_beats_csv(tmp_path: Path) -> None:
    """A moment may lie between two frames."""
    answer = make_answer()
    beats = (dataclasses.replace(answer.beats[0], ed_time_s=0.0853), *answer.beats[1:])
    assert "0.085 s" in text_of(written(dataclasses.replace(answer, beats=beats), tmp_path))


def test_without_times_the_page_says_how_fast_it_plays(tmp_path: Path) -> None:
    markup = written(make_answer(times_s_N=None, fps=None), tmp_path)
    assert data_of(markup)["times_s"] is None
    assert "The times of the frames are not known; the clip plays at 25 frames/s." in text_of(markup)
    assert "plays at 25" not in text_of(written(make_answer(), tmp_path))


def test_without_a_script_the_page_shows_a_picture_and_no_dead_controls(tmp_path: Path) -> None:
    markup = written(make_answer(), tmp_path)
    assert re.search(
        r'<noscript><img src="data:image/jpeg;base64,[^"]+" alt="first frame of the clip"></noscript>', markup
    )
    for part in ("controls", "readout", "choice", "theme"):
        assert re.search(rf'id="{part}"[^>]*\bhidden', markup), part


def test_the_same_answer_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(make_answer(), tmp_path) == written(make_answer(), tmp_path)


def test_a_page_with_too_few_pictures_is_a_bug(tmp_path: Path) -> None:
    page = write_page(make_answer(), tmp_path / "clip.html")
    with pytest.raises(ValueError, match="90 pictures for 12 frames"):
        page.write(make_answer(frames=12), tmp_path / "other.html")


def test_the_thumbnail_shows_the_first_end_diastole_with_its_contour(tmp_path: Path) -> None:
    answer = make_answer(frames=60)
    page = write_page(answer, tmp_path / "clip.html", noise=0)
    page.write_thumbnail(answer, tmp_path / "thumbnail.jpg")
    page.write_thumbnail(dataclasses.replace(answer, outlines=(None,) * 60), tmp_path / "plain.jpg")
    drawn_HWC, plain_HWC = (
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
        for name in ("thumbnail.jpg", "plain.jpg")
    )
    assert max(drawn_HWC.shape) == 224
    colour_HW = drawn_HWC[..., 0] - drawn_HWC[..., 2]
    assert colour_HW.max() > 100
    assert (plain_HWC[..., 0] - plain_HWC[..., 2]).max() < 20
    columns = np.flatnonzero((colour_HW > 60).any(axis=0))
    assert columns[0] == pytest.approx(2 * (56 - 18), abs=4), "widest at end-diastole"


# --- The index of several clips ---------------------------------------------------------------------------------

SUMMARY: Final = {
    "clip": "four-chamber.avi",
    "synthetic": False,
    "frames": 90,
    "ef_percent": 49.2,
    "ef_sd_percent": 1.3,
    "heart_rate_bpm": 75.0,
    "trusted": True,
    "verdict": "All frames are trusted.",
}


def make_results(out: Path, *names: str) -> list[Path]:
    folders = [out / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "clip.html").write_text("", encoding="utf-8")
    return folders


def test_the_index_names_each_clip_with_its_answer_and_links_to_its_page(tmp_path: Path) -> None:
    one, other = make_results(tmp_path, "four-chamber", "a clip #2")
    answer = make_answer(frames=30)
    write_page(answer, one / "clip.html").write_thumbnail(answer, one / "thumbnail.jpg")
    bad = {
        "ef_percent": None,
        "ef_reason": "no whole beat",
        "trusted": False,
        "verdict": "empty masks",
    }
    write_index_page({one: SUMMARY, other: {**SUMMARY, **bad}}, tmp_path / "index.html")
    markup = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert [value for value in Page(markup).values("href") if value != "data:,"] == [
        "four-chamber/clip.html",
        "a%20clip%20%232/clip.html",
    ]
    text = text_of(markup)
    assert "49 ± 1.3" in text
    assert "1 of 2 clips have an ejection fraction that can be trusted" in text
    assert "no whole beat" in text
    assert "empty masks" in text
    assert NO_MEDICAL_DEVICE in text
    assert markup.count("data:image/jpeg;base64,") == 1
    [rows] = Page(markup).tables.values()
    assert [sort for _, sort in rows[1]] == ["four-chamber.avi", "49.2", "0", "75", "90"]
    assert rows[2][1][1] is None, "no ejection fraction sorts last"


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"clip": "/some/where/four-chamber.avi", "frames": 12, "fps": 50},
        {"clip": None, "ef_percent": "49", "verdict": True, "frames": True, "synthetic": "no"},
        {"verdict": {"text": None}, "trusted": "yes", "ef_percent": [1]},
    ],
)
def test_folders_of_an_earlier_version_are_listed(summary: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    write_index_page({tmp_path / "old": summary}, tmp_path / "index.html")
    markup = (tmp_path / "index.html").read_text(encoding="utf-8")
    text = text_of(markup)
    assert "no verdict: made by an earlier version" in text
    assert "four-chamber.avi" in text if "/some" in str(summary) else "old" in text
    assert "/some/where" not in markup
    assert "can be trusted" not in text
    assert not [value for value in Page(markup).values("href") if value != "data:,"]


def test_hostile_names_in_the_index_are_written_not_run(tmp_path: Path) -> None:
    [folder] = make_results(tmp_path, "javascript:alert(1)")
    summary = {**SUMMARY, "clip": HOSTILE.replace("/", ""), "trusted": False, "verdict": HOSTILE}
    write_index_page({folder: summary}, tmp_path / "index.html")
    markup = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in markup
    assert markup.count("<script") == 1
    links = [value for value in Page(markup).values("href") if value != "data:,"]
    assert links == ["javascript%3Aalert%281%29/clip.html"]


def test_what_is_called_a_thumbnail_but_is_no_jpeg_is_not_shown(tmp_path: Path) -> None:
    [folder] = make_results(tmp_path, "clip")
    (folder / "thumbnail.jpg").write_bytes(b"<svg onload=alert(1)>")
    write_index_page({folder: SUMMARY}, tmp_path / "index.html")
    assert "data:image/jpeg" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_index_says_which_clips_are_synthetic(tmp_path: Path) -> None:
    one, other = make_results(tmp_path, "one", "other")
    path = tmp_path / "index.html"
    write_index_page({one: {**SUMMARY, "synthetic": True}, other: SUMMARY}, path)
    assert "Some of these clips are of the synthetic phantom" in text_of(path.read_text(encoding="utf-8"))
    write_index_page({other: SUMMARY}, path)
    assert "ynthetic" not in text_of(path.read_text(encoding="utf-8"))
