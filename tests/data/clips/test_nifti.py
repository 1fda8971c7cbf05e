"""NIfTI clips: axes, times, spacing, grey levels, and what is refused."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lvzoo.data.clips.clip import Frame
from lvzoo.data.clips.nifti.reader import is_nifti
from lvzoo.data.clips.recognise import open_clip
from lvzoo.errors import DataError

nibabel = pytest.importorskip("nibabel")

FRAMES_NHW = np.random.default_rng(0).integers(0, 256, (5, 24, 32), dtype=np.uint8)
ECHO_XYT = FRAMES_NHW.transpose(2, 1, 0)
"""The frames as NIfTI stores them."""


def write_nifti(
    path: Path,
    values: NDArray[Any],
    *,
    pixdim: tuple[float, ...] = (),
    units: tuple[str, str] = ("unknown", "unknown"),
    version: int = 1,
    **fields: object,
) -> Path:
    make = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = make(values, np.eye(4), dtype=values.dtype)
    image.header.set_xyzt_units(*units)
    for axis, length in enumerate(pixdim, start=1):
        image.header["pixdim"][axis] = length
    for name, value in fields.items():
        image.header[name] = value
    path.write_bytes(gzip.compress(image.to_bytes()) if path.name.endswith("gz") else image.to_bytes())
    return path


def read_frames(path: Path, fps: float | None = None) -> list[Frame]:
    return [frame for frame in open_clip(path, fps=fps).read() if isinstance(frame, Frame)]


def read_grey(path: Path) -> NDArray[np.uint8]:
    return np.stack([frame.grey_HW for frame in read_frames(path)])


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", ["clip.nii", "clip.nii.gz"])
def test_axis_x_becomes_columns_and_y_rows(tmp_path: Path, name: str, version: int) -> None:
    path = write_nifti(tmp_path / name, ECHO_XYT, version=version)
    assert np.array_equal(read_grey(path), FRAMES_NHW)
    clip = open_clip(path)
    assert (clip.way, clip.size_HW, clip.stated_frames, clip.likely_frames) == ("nifti", (24, 32), 5, 5)


@pytest.mark.parametrize(
    ("values", "count"), [(ECHO_XYT[:, :, None, :], 5), (ECHO_XYT[:, :, 0], 1), (ECHO_XYT[:, :, :1], 1)]
)
def test_further_axes_of_length_1_are_left_out(tmp_path: Path, values: NDArray[np.uint8], count: int) -> None:
    assert np.array_equal(read_grey(write_nifti(tmp_path / "clip.nii", values)), FRAMES_NHW[:count])


def test_the_content_decides(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "clip.nii.gz", ECHO_XYT)
    path = path.rename(tmp_path / "1.2.840.1")
    assert np.array_equal(read_grey(path), FRAMES_NHW)
    assert not is_nifti(gzip.compress(bytes(1000)), tmp_path / "clip.avi")


def test_only_the_wanted_frames_are_yielded(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "clip.nii.gz", ECHO_XYT)
    assert [frame.index for frame in open_clip(path).read([1, 4, 9])] == [1, 4]


@pytest.mark.parametrize(
    ("unit", "step", "expected_s"),
    [
        ("sec", 0.02, 0.02),
        ("msec", 20, 0.02),
        ("usec", 20_000, 0.02),
        ("unknown", 0.02, None),
        ("sec", 0, None),
    ],
)
def test_times_need_a_step_with_a_unit(
    tmp_path: Path, unit: str, step: float, expected_s: float | None
) -> None:
    values = ECHO_XYT[:, :, None, :]
    path = write_nifti(tmp_path / "clip.nii", values, pixdim=(1, 1, 1, step), units=("mm", unit))
    clip = open_clip(path)
    times_s = [frame.time_s for frame in read_frames(path)]
    if expected_s is None:
        assert times_s == [None] * 5
        assert (clip.fps, clip.times_from) == (None, None)
    else:
        assert times_s == pytest.approx([0, 0.02, 0.04, 0.06, 0.08])
        assert clip.fps == pytest.approx(50)
        assert clip.times_from == "time step"
    assert clip.warnings == ()


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (1.0, "1 s is not measured"),
        *((-0.02, "-0.02 s cannot be true"), (float("nan"), "nan s cannot be true")),
        *((5e6, "5e+06 s cannot be true"), (1e-7, "1e-07 s cannot be true")),
    ],
)
def test_a_step_that_cannot_be_used_is_warned_of(tmp_path: Path, step: float, reason: str) -> None:
    values = ECHO_XYT[:, :, None, :]
    path = write_nifti(tmp_path / "clip.nii", values, pixdim=(1, 1, 1, step), units=("mm", "sec"))
    (warning,) = open_clip(path).warnings
    assert warning == f"its time step of {reason}, so it is not used"
    assert read_frames(path)[1].time_s is None


def test_a_step_is_the_decimal_that_was_written(tmp_path: Path) -> None:
    """The header has 32 bits per number, in which 33.3 is 33.29999924."""
    values = ECHO_XYT[:, :, None, :]
    path = write_nifti(tmp_path / "clip.nii", values, pixdim=(0.3, 0.4, 1, 33.3), units=("mm", "msec"))
    assert read_frames(path)[1].time_s == pytest.approx(0.0333, rel=1e-12)
    assert open_clip(path).regions[0].spacing_mm == (0.4, 0.3)


def test_a_stated_rate_wins(tmp_path: Path) -> None:
    values = ECHO_XYT[:, :, None, :]
    path = write_nifti(tmp_path / "clip.nii", values, pixdim=(1, 1, 1, 0.02), units=("mm", "sec"))
    assert [frame.time_s for frame in read_frames(path, fps=10)][:2] == [0, 0.1]
    assert (open_clip(path, fps=10).fps, open_clip(path, fps=10).times_from) == (10, "--fps")


@pytest.mark.parametrize(
    ("unit", "pixdim", "spacing_mm"),
    [
        ("mm", (0.3, 0.4), (0.4, 0.3)),
        ("meter", (0.0003, 0.0004), (0.4, 0.3)),
        ("micron", (300, 400), (0.4, 0.3)),
    ],
)
def test_the_size_of_a_pixel_is_height_and_width(
    tmp_path: Path, unit: str, pixdim: tuple[float, float], spacing_mm: tuple[float, float]
) -> None:
    (region,) = open_clip(
        write_nifti(tmp_path / "c.nii", ECHO_XYT, pixdim=pixdim, units=(unit, "sec"))
    ).regions
    assert region.spacing_mm == pytest.approx(spacing_mm)
    assert (region.left, region.top, region.right, region.bottom) == (0, 0, 31, 23)
    assert (region.source, region.refused) == ("NIfTI pixdim", "")


@pytest.mark.parametrize(
    ("unit", "pixdim", "refused"),
    [
        ("unknown", (0.3, 0.4), "unit of the pixel size is not stated"),
        ("mm", (0, 0.4), "0 x 0.4 is not possible"),
    ],
)
def test_a_spacing_that_cannot_be_used_says_why(
    tmp_path: Path, unit: str, pixdim: tuple[float, float], refused: str
) -> None:
    (region,) = open_clip(
        write_nifti(tmp_path / "c.nii", ECHO_XYT, pixdim=pixdim, units=(unit, "sec"))
    ).regions
    assert region.spacing_mm is None
    assert refused in region.refused


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u2", "<f4", "<f8", ">f4", "<i4"])
def test_levels_from_0_to_255_are_kept_in_every_type(tmp_path: Path, dtype: str) -> None:
    path = write_nifti(tmp_path / "clip.nii", ECHO_XYT.astype(dtype))
    assert np.array_equal(read_grey(path), FRAMES_NHW)


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [
        (ECHO_XYT.astype(np.float32) / 255, 0, 1),
        (ECHO_XYT.astype(np.int16) * 16 - 1000, -1000, 3080),
        (ECHO_XYT.astype(np.uint16) * 256, 0, 65280),
    ],
    ids=["0 to 1", "signed", "16 bits"],
)
def test_other_values_are_spread_over_the_grey_levels(
    tmp_path: Path, values: NDArray[Any], least: float, most: float
) -> None:
    path = write_nifti(tmp_path / "clip.nii", values)
    expected_XYT = (values.astype(np.float64) - least) * 255 / (most - least)
    assert np.abs(read_grey(path).transpose(2, 1, 0) - expected_XYT).max() <= 0.51


def test_the_header_says_what_is_black_and_white(tmp_path: Path) -> None:
    values = np.linspace(0, 2000, 24 * 32, dtype=np.float32).reshape(32, 24)
    path = write_nifti(tmp_path / "clip.nii", values, cal_min=500, cal_max=1500)
    grey_HW = read_grey(path)[0]
    assert np.abs(grey_HW.T - np.clip((values - 500) * 0.255, 0, 255)).max() <= 0.51


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "clip.nii", ECHO_XYT.astype(np.int16) * 2 + 10)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([0.5, -5], np.float32).tobytes()  # scl_slope and scl_inter
    path.write_bytes(content)
    assert np.array_equal(read_grey(path), FRAMES_NHW)


def test_values_that_are_no_numbers_are_black(tmp_path: Path) -> None:
    values = ECHO_XYT.astype(np.float32)
    values[3, 2, :] = np.nan
    assert read_grey(write_nifti(tmp_path / "clip.nii", values))[:, 2, 3].tolist() == [0] * 5


def test_colours_become_grey(tmp_path: Path) -> None:
    colours = np.zeros((32, 24, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"][..., 0], colours["B"][..., 1] = 255, 255
    grey_NHW = read_grey(write_nifti(tmp_path / "clip.nii", colours))
    assert [np.unique(grey_HW).tolist() for grey_HW in grey_NHW] == [[76], [29]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            np.zeros((32, 24, 7, 5), np.uint8),
            r"is a volume of 7 slices \(32 x 24 x 7 x 5\), and no clip; save one",
        ),
        (
            np.zeros((32, 24, 1, 5, 3), np.uint8),
            r"several values per pixel \(32 x 24 x 1 x 5 x 3\); save it in grey",
        ),
        (np.zeros((32,), np.uint8), r"has the size '32'; check"),
        (ECHO_XYT % 4, "has the few values of a segmentation; give the clip"),
        ((ECHO_XYT % 4).astype(np.float64), "has the few values of a segmentation"),
        ((ECHO_XYT > 99).astype(np.uint8) * 255, "has the few values of a segmentation"),
        (ECHO_XYT.astype(np.complex64), "has values of type complex64, which are no grey levels"),
    ],
    ids=["volume", "vectors", "one axis", "labels", "labels in floats", "mask", "complex"],
)
def test_what_is_no_clip_is_told(tmp_path: Path, values: NDArray[Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"clip\.nii: .*{message}"):
        open_clip(write_nifti(tmp_path / "clip.nii", values))


def test_labels_by_the_header_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a segmentation by its header"):
        open_clip(write_nifti(tmp_path / "clip.nii", ECHO_XYT, intent_code=1002))


@pytest.mark.parametrize("level", [0, 3])
def test_a_first_frame_that_is_nearly_black_is_no_segmentation(tmp_path: Path, level: int) -> None:
    values = ECHO_XYT.copy()
    values[..., 0] = np.minimum(values[..., 0], level)
    assert len(read_frames(write_nifti(tmp_path / "clip.nii", values))) == 5


@pytest.mark.parametrize("name", ["clip.nii", "clip.nii.gz"])
def test_a_cut_file_gives_what_it_has(tmp_path: Path, name: str) -> None:
    path = write_nifti(tmp_path / name, ECHO_XYT)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    frames = read_frames(path)
    assert 1 < len(frames) < 5
    assert np.array_equal(np.stack([frame.grey_HW for frame in frames]), FRAMES_NHW[: len(frames)])
    assert open_clip(path).stated_frames == 5


def test_a_file_without_frames_is_told(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "clip.nii", ECHO_XYT)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match=r"clip\.nii: none of its frames decodes"):
        open_clip(path)


@pytest.mark.parametrize("content", [b"", b"no NIfTI" * 99, b"\x1f\x8bno gzip"])
def test_what_only_has_the_name_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.nii").write_bytes(content)
    with pytest.raises(DataError, match=r"clip\.nii: "):
        open_clip(tmp_path / "clip.nii")


def test_a_header_that_nibabel_refuses_for_side_information_is_read(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "clip.nii", ECHO_XYT)
    content = bytearray(path.read_bytes())
    content[123] = 0xFF  # xyzt_units
    content[76:80] = np.float32(7).tobytes()  # pixdim[0], which is 1 or -1
    content[252:256] = b"\xff" * 4  # qform_code and sform_code
    path.write_bytes(content)
    assert np.array_equal(read_grey(path), FRAMES_NHW)


def test_a_missing_nibabel_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nifti(tmp_path / "clip.nii", ECHO_XYT)
    for module in [name for name in sys.modules if name.startswith("nibabel")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(
        DataError, match=r"clip\.nii: reading NIfTI needs nibabel; pip install 'lvzoo\[nifti\]'"
    ):
        open_clip(path)
