"""UnityLV-MultiX: what is read of its pictures and curves, and every oddity by its name."""

from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.data.clips.images import open_images
from lvzoo.data.quirks import VIDEO_UNREAD, Quirk
from lvzoo.errors import DataError, NoSplitError
from lvzoo.evaluate.dice import dice_N
from lvzoo.geometry.raster import rasterise
from lvzoo.interfaces import Dataset, ReadByExperts
from lvzoo.phantom.clip import simulate
from lvzoo_datasets import unity_pictures, unity_quirks
from lvzoo_datasets.unity import UnityMultiX
from tests.datasets.unity_folders import (
    UnityFiles,
    make_files,
    name_picture,
    name_video,
    phantom_pictures,
    two_lists,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lvzoo.data.clips.clip import Clip
    from lvzoo.types import FrameSet

ED, ES = (frame for frame, *_ in phantom_pictures(0))
FIRST = name_picture(0, ED)
PAGE = Path(__file__).parents[2] / "docs" / "data.md"
QUIRKS = [value for value in vars(unity_quirks).values() if isinstance(value, Quirk)]


def load(files: UnityFiles, folder: Path) -> FrameSet:
    return UnityMultiX(files.write(folder / "unity")).load("test")


def findings(frames: FrameSet) -> dict[tuple[str, str], str]:
    """Return the details of the findings by name and quirk."""
    return {(each.name, each.quirk): each.detail for each in frames.source.findings}


def one_finding(frames: FrameSet) -> tuple[str, str, str, bool]:
    [only] = frames.source.findings
    return only.name, only.quirk, only.detail, only.excluded


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.text)
def test_every_quirk_and_its_cost_is_in_the_docs(quirk: Quirk) -> None:
    row = f"| {quirk.text} | {'excluded' if quirk.excludes else 'noted'} |"
    assert row in PAGE.read_text(encoding="utf-8")


# --- What is read -----------------------------------------------------------------------------------------------


def test_all_frames_are_for_testing_with_the_consensus_as_reference(tmp_path: Path) -> None:
    frames = load(make_files(videos=2), tmp_path)
    assert frames.videos == frames.patients == tuple(name_video(n) for n in (0, 0, 1, 1))
    assert frames.phases == ("ED", "ES", "ED", "ES")
    assert frames.frame_indices[:2] == (ED, ES)
    assert set(frames.views or ()) == {"4CH"}
    assert frames.source.name == "unity-multix"
    assert not frames.source.synthetic
    assert frames.source.findings == ()


def test_the_reference_survives_the_way_to_the_frame(tmp_path: Path) -> None:
    """With a consensus that is the truth, frame and mask are those of the phantom, but for the crop to its sector."""
    files = make_files(videos=1)
    for name, (_, _, true_P2) in zip(files.consensus, phantom_pictures(0), strict=True):
        files.consensus[name] = two_lists(true_P2)
    frames = load(files, tmp_path)
    clip = simulate(seed=0, split="test", index=0)
    true_NHW = np.stack([rasterise(clip.contours_NP2[frame], (112, 112)) for frame in (ED, ES)])
    # The square around the sector has nearly the size of the phantom's frame.
    assert np.sqrt(frames.masks_NHW.sum() / true_NHW.sum()) == pytest.approx(1, abs=0.05)
    drawn_NHW = np.stack([rasterise(contour_P2, (112, 112)) for contour_P2 in frames.contours_NP2])
    assert dice_N(drawn_NHW, frames.masks_NHW).min() > 0.97
    apex_N2, ends_N2 = frames.contours_NP2[:, 60], frames.contours_NP2[:, [0, -1]].mean(axis=1)
    assert (apex_N2[:, 1] < ends_N2[:, 1]).all()
    assert (frames.contours_NP2[:, 0, 0] < frames.contours_NP2[:, -1, 0]).all()


def test_experts_have_the_same_pictures_and_their_own_masks(tmp_path: Path) -> None:
    dataset = UnityMultiX(make_files(videos=2, experts=3).write(tmp_path / "unity"))
    assert isinstance(dataset, Dataset)
    assert isinstance(dataset, ReadByExperts)
    frames, experts = dataset.load("test"), dataset.load_experts("test")
    assert list(experts) == ["user0", "user1", "user2"]
    for own in experts.values():
        assert np.array_equal(own.frames_NHW, frames.frames_NHW)
        assert own.phases == frames.phases
        assert not np.array_equal(own.masks_NHW, frames.masks_NHW)
        assert dice_N(own.masks_NHW, frames.masks_NHW).min() > 0.75


def test_a_frame_that_an_expert_left_out_changes_nothing_for_the_rest(tmp_path: Path) -> None:
    """The crop is found from all pictures of a video, whoever traced them."""
    files = make_files(videos=1, experts=3)
    whole = UnityMultiX(files.write(tmp_path / "whole")).load_experts("test")["user1"]
    del files.annotations[FIRST]["user1"]
    dataset = UnityMultiX(files.write(tmp_path / "part"))
    part = dataset.load_experts("test")["user1"]
    assert part.phases == ("ES",)
    assert np.array_equal(part.frames_NHW[0], whole.frames_NHW[1])
    assert np.array_equal(part.masks_NHW[0], whole.masks_NHW[1])
    assert one_finding(dataset.load("test"))[1:3] == (
        "picture with fewer experts than usual",
        f"frame {ED}: 2 of 3",
    )


def test_a_second_call_reads_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = UnityMultiX(make_files(videos=1).write(tmp_path / "unity"))
    first, experts = dataset.load("test"), dataset.load_experts("test")
    monkeypatch.setattr("lvzoo_datasets.unity_pictures.open_images", None)
    assert dataset.load("test").source == first.source
    assert dataset.load_experts("test").keys() == experts.keys()


def test_a_changed_contour_is_read_again(tmp_path: Path) -> None:
    files = make_files(videos=1)
    before = UnityMultiX(files.write(tmp_path / "unity")).load_experts("test")["user0"]
    files.annotations[FIRST]["user0"] = files.annotations[FIRST]["user1"]
    after = UnityMultiX(files.write(tmp_path / "again")).load_experts("test")["user0"]
    assert not np.array_equal(before.masks_NHW, after.masks_NHW)


@pytest.mark.parametrize("split", ["train", "val"])
def test_there_is_nothing_to_train_on(tmp_path: Path, split: Any) -> None:  # noqa: ANN401 - a Split
    dataset = UnityMultiX(make_files(videos=1).write(tmp_path / "unity"))
    for read in (dataset.load, dataset.load_experts):
        with pytest.raises(NoSplitError, match=f"has no {split} split"):
            read(split)


# --- Forms of a curve -------------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[list[float], list[float]], Any]] = {
    "x and y": lambda x, y: {"x": x, "y": y},
    "X and Y": lambda x, y: {"X": x, "Y": y},
    "points": lambda x, y: [list(point) for point in zip(x, y, strict=True)],
    "wrapped": lambda x, y: {"consensus": [x, y]},
    "in a list": lambda x, y: [[x, y]],
}


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_a_consensus_are_read_too(tmp_path: Path, form: str) -> None:
    files = make_files(videos=1)
    plain = load(files, tmp_path / "plain")
    files.consensus = {name: FORMS[form](*curve) for name, curve in files.consensus.items()}
    assert np.array_equal(load(files, tmp_path / "other").masks_NHW, plain.masks_NHW)


def test_names_may_have_a_folder_or_lack_the_suffix(tmp_path: Path) -> None:
    files = make_files(videos=1)
    files.consensus = {f"Images/{name}": curve for name, curve in files.consensus.items()}
    files.annotations = {name.removesuffix(".png"): users for name, users in files.annotations.items()}
    frames = load(files, tmp_path)
    assert len(frames) == 2
    assert frames.source.findings == ()


@pytest.mark.parametrize(
    "curve", ["none", [1, 2, 3], {"x": [1.0]}, [[1, 2], ["a", "b"]], [[True], [False]], 7]
)
def test_a_curve_of_no_known_form_says_where(tmp_path: Path, curve: Any) -> None:  # noqa: ANN401 - JSON
    files = make_files(videos=1)
    files.consensus[FIRST] = curve
    with pytest.raises(
        DataError, match=rf"consensus_curves\.json: the curve of {FIRST} is not two lists of numbers"
    ):
        load(files, tmp_path)


def test_damaged_files_say_which(tmp_path: Path) -> None:
    folder = make_files(videos=1).write(tmp_path / "unity")
    (folder / "UnityLV_multiX_annotations.json").write_text('{"a": ')
    with pytest.raises(DataError, match=r"annotations\.json: is no JSON"):
        UnityMultiX(folder).load("test")
    (folder / "UnityLV_multiX_annotations.json").write_text("[]")
    with pytest.raises(DataError, match=r"annotations\.json: the file holds no names with curves"):
        UnityMultiX(folder).load("test")
    (folder / "UnityLV_multiX_annotations.json").unlink()
    with pytest.raises(DataError, match=r"annotations\.json: missing; the layout is Images/, "):
        UnityMultiX(folder)


# --- Oddities ---------------------------------------------------------------------------------------------------


def test_pictures_and_contours_that_lack_the_other_are_named(tmp_path: Path) -> None:
    files = make_files(videos=3)
    names = list(files.pictures)
    del files.pictures[names[0]]
    del files.annotations[names[1]], files.consensus[names[1]]
    del files.consensus[names[2]]
    files.annotations[names[3]] = {}
    frames = load(files, tmp_path)
    assert frames.videos == (name_video(1), name_video(2), name_video(2))
    assert frames.phases == ("other", "ED", "ES")
    found = findings(frames)
    assert (name_video(0), "contours without a picture") in found
    assert (name_video(0), "picture without any contour") in found
    assert (name_video(1), "picture with experts' contours but no consensus curve") in found
    assert (name_video(1), "picture with a consensus curve but no expert's contour") in found
    excluded = Counter(each.excluded for each in frames.source.findings)
    assert excluded == {True: 3, False: 2}  # and one picture of its video is left


def test_a_single_picture_of_a_video_is_neither_ed_nor_es(tmp_path: Path) -> None:
    files = make_files(videos=1)
    for content in (files.pictures, files.annotations, files.consensus):
        del content[FIRST]
    frames = load(files, tmp_path)
    assert frames.phases == ("other",)
    assert one_finding(frames)[2:] == (f"frame {ES}", False)


def test_phases_go_by_area_and_not_by_the_listed_order(tmp_path: Path) -> None:
    files = make_files(videos=1)
    files.consensus = dict(reversed(files.consensus.items()))
    frames = load(files, tmp_path)
    assert dict(zip(frames.frame_indices, frames.phases, strict=True)) == {ED: "ED", ES: "ES"}
    name, quirk, detail, excluded = one_finding(frames)
    assert (name, excluded) == (name_video(0), False)
    assert quirk.startswith("ES listed before ED")
    assert detail == f"ED is frame {ED}, ES is frame {ES}"


def test_of_three_pictures_the_one_between_is_neither(tmp_path: Path) -> None:
    files = make_files(videos=1)
    middle = name_picture(0, 99)
    files.pictures[middle] = files.pictures[FIRST]
    files.annotations[middle] = files.annotations[FIRST]
    both = np.mean([np.array(curve) for curve in files.consensus.values()], axis=0)
    files.consensus[middle] = both.tolist()
    frames = load(files, tmp_path)
    assert dict(zip(frames.frame_indices, frames.phases, strict=True)) == {ED: "ED", ES: "ES", 99: "other"}
    assert one_finding(frames)[1].startswith("more than two pictures of a video")


@pytest.mark.parametrize("name", ["frame1.png", f"02-{'g' * 64}-0001.png", f"02-{'0' * 63}-0001.png"])
def test_an_odd_name_is_left_out(tmp_path: Path, name: str) -> None:
    files = make_files(videos=1)
    files.pictures[name] = files.pictures[FIRST]
    files.annotations[name], files.consensus[name] = files.annotations[FIRST], files.consensus[FIRST]
    frames = load(files, tmp_path)
    assert len(frames) == 2
    assert one_finding(frames) == (name, "name that is not NN-<64 hexadecimal digits>-<frame>.png", "", True)


def test_a_picture_that_could_not_be_read_this_time_is_read_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = UnityMultiX(make_files().write(tmp_path / "unity"))
    path = data.folder / "Images" / FIRST

    def fail(asked: Path, files: tuple[Path, ...], *, fps: float | None) -> Clip:
        if asked == path:
            raise DataError(f"{path}: cannot be read") from OSError(errno.EIO, "input/output error")
        return open_images(asked, files, fps=fps)

    monkeypatch.setattr(unity_pictures, "open_images", fail)
    found = findings(data.load("test"))
    assert found[name_video(0), VIDEO_UNREAD.text].startswith(f"frame {ED}: ")
    experts = data.load_experts("test")
    monkeypatch.undo()
    assert not findings(data.load("test"))
    assert all(len(again) > len(experts[user]) for user, again in data.load_experts("test").items())


def test_a_damaged_picture_is_left_out(tmp_path: Path) -> None:
    folder = make_files(videos=1).write(tmp_path / "unity")
    (folder / "Images" / FIRST).write_bytes(b"\x89PNG\r\n\x1a\n")
    frames = UnityMultiX(folder).load("test")
    assert frames.frame_indices == (ES,)
    found = findings(frames)
    assert found[name_video(0), "picture that does not decode"].startswith(f"frame {ED}: ")


def test_grey_pictures_are_read_as_coloured_ones(tmp_path: Path) -> None:
    files = make_files(videos=1)
    coloured = load(files, tmp_path / "colour")
    files.pictures = {name: np.ascontiguousarray(picture[..., 0]) for name, picture in files.pictures.items()}
    grey = load(files, tmp_path / "grey")
    assert np.array_equal(grey.frames_NHW, coloured.frames_NHW)


def test_a_curve_from_right_to_left_is_reversed(tmp_path: Path) -> None:
    files = make_files(videos=1)
    plain = load(files, tmp_path / "plain")
    files.consensus[FIRST] = [axis[::-1] for axis in files.consensus[FIRST]]
    turned = load(files, tmp_path / "turned")
    assert np.allclose(turned.contours_NP2, plain.contours_NP2, atol=1e-3)
    assert one_finding(turned)[1:] == (
        "curve from the right to the left end of the valve: reversed",
        f"frame {ED}: consensus",
        False,
    )


def test_a_curve_that_begins_at_the_apex_has_its_landmarks_traced(tmp_path: Path) -> None:
    files = make_files(videos=1)
    plain = load(files, tmp_path / "plain")
    files.consensus[FIRST] = [axis[60:] + axis[:60] for axis in files.consensus[FIRST]]
    turned = load(files, tmp_path / "turned")
    assert np.array_equal(turned.masks_NHW, plain.masks_NHW)
    assert (
        np.linalg.norm(
            turned.contours_NP2[0, [0, 60, 120]] - plain.contours_NP2[0, [0, 60, 120]], axis=1
        ).max()
        < 4
    )
    assert one_finding(turned)[1].startswith("curve without an apex between two ends of the valve")


def test_curves_that_cannot_be_used_are_named_with_their_expert(tmp_path: Path) -> None:
    files = make_files(videos=1, experts=5)
    x, y = files.annotations[FIRST]["user0"]
    shuffled = np.random.default_rng(0).permutation(len(x))
    files.annotations[FIRST] |= {
        "user0": [x[:-1], y],
        "user1": [np.array(x)[shuffled].tolist(), np.array(y)[shuffled].tolist()],
        "user2": [x[:3], y[:3]],
        "user3": [(np.array(x) - 110).tolist(), y],
    }
    dataset = UnityMultiX(files.write(tmp_path / "unity"))
    found = {quirk: detail for (_, quirk), detail in findings(dataset.load("test")).items()}
    assert found == {
        "curve with unequal numbers of X and Y: not used": f"frame {ED}: user0",
        "curve whose points are in no order, or too few: not used": f"frame {ED}: user1, user2",
        "curve outside the picture: cut off at its border": f"frame {ED}: user3",
    }
    experts = dataset.load_experts("test")
    usable = {user: own.phases for user, own in experts.items()}
    left_out = dict.fromkeys(("user0", "user1", "user2"), ("ES",))
    assert usable == {**left_out, "user3": ("ED", "ES"), "user4": ("ED", "ES")}


def test_a_consensus_that_cannot_be_used_leaves_its_picture_out(tmp_path: Path) -> None:
    files = make_files(videos=1)
    files.consensus[FIRST][0].pop()
    frames = load(files, tmp_path)
    assert frames.frame_indices == (ES,)
    [bad] = frames.source.exclusions
    assert (bad.quirk, bad.detail) == (
        "consensus curve that cannot be used",
        f"frame {ED}: curve with unequal numbers of X and Y: not used",
    )


def test_an_expert_without_a_usable_contour_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_files(videos=1, experts=3)
    for users in files.annotations.values():
        users["user1"][0].pop()
    dataset = UnityMultiX(files.write(tmp_path / "unity"))
    assert list(dataset.load_experts("test")) == ["user0", "user2"]
    assert "the expert user1 is left out" in caplog.text
