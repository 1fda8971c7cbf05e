"""Nothing that tells who the patient is reaches an output: no text, also inside compressed parts, and no pixels.

The clip is a phantom's in a larger picture, with text beside its sector, in a DICOM file that is named by its UID.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import UID

from lvzoo.cli import main
from lvzoo.data.clips.recognise import open_clip, read_whole
from lvzoo.data.clips.view import find_view
from lvzoo.data.crop import find_crop
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.phantom.write import cached_phantom
from lvzoo.types.answer import View
from lvzoo.weights.locate import locate
from tests.data.clips.made_dicom import make_dicom, save_dicom

SIZE_HW = (240, 320)
CORNER = (48, 8)
"""The left and top of the phantom's frame, twice its size, in the picture."""
TEXT_AT = (CORNER[0] + 4, CORNER[1] + 14)
UIDS = {
    "SOPInstanceUID": UID("1.2.826.0.1.99.7001.1"),
    "SeriesInstanceUID": UID("1.2.826.0.1.99.7001.2"),
    "StudyInstanceUID": UID("1.2.826.0.1.99.7001.3"),
}
IDENTIFIERS = {
    "PatientName": "Quetzalcoatl^Xiomara",
    "PatientID": "PX-7781234",
    "PatientBirthDate": "19470519",
    "AccessionNumber": "ACC88231",
    "StudyID": "STUDY6655",
    "InstitutionName": "Zephyr Clinic",
    "InstitutionAddress": "12 Larkspur Lane",
    "ReferringPhysicianName": "Wolowitz^Ingrid",
    "OperatorsName": "Ferrante^Odile",
    "StudyDate": "20230817",
    "StudyDescription": "Stress test of X. Quetzalcoatl",
    "ImageComments": "Xiomara moved",
    "StationName": "ROOM9KESTREL",
    "DeviceSerialNumber": "SN5544332211",
    **UIDS,
}
PROJECT = "Larsen-Vandermeer"
"""The folder of the weights file. Its name may tell who works on what."""
NEEDLES = sorted(
    {
        PROJECT,
        *IDENTIFIERS.values(),
        *(
            word
            for name in ("PatientName", "ReferringPhysicianName", "OperatorsName")
            for word in IDENTIFIERS[name].split("^")
        ),
    }
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    phantom = cached_phantom(size="smoke", seed=0)
    video = min((phantom / "Videos").iterdir())
    once_NHW = read_whole(video)
    small_NHW = np.concatenate(
        [once_NHW, once_NHW[::-1], once_NHW, once_NHW[::-1]]
    )  # so that it has whole beats
    frames = np.zeros((len(small_NHW), *SIZE_HW), dtype=np.uint8)
    left, top = CORNER
    for frame, small_HW in zip(frames, small_NHW, strict=True):
        frame[top : top + 224, left : left + 224] = cv2.resize(small_HW, (224, 224))
        cv2.putText(frame, "DOE", TEXT_AT, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = 1, 1
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = SIZE_HW[1] - 1, SIZE_HW[0] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    dataset = make_dicom(frames, FrameTime=20.0, SequenceOfUltrasoundRegions=[region], **IDENTIFIERS)
    dataset.file_meta.MediaStorageSOPInstanceUID = UIDS["SOPInstanceUID"]
    block = dataset.private_block(0x0099, "Quetzalcoatl private", create=True)
    block.add_new(1, "LO", "Xiomara")
    folder = tmp_path_factory.mktemp("clips") / "Quetzalcoatl"
    folder.mkdir()
    return save_dicom(dataset, folder / f"{UIDS['SOPInstanceUID']}.dcm")


def predict(clip: Path, folder: Path, *options: str) -> None:
    command = ["predict", str(clip), "--out", str(folder / "out"), "--echonet", str(folder / "echonet")]
    assert main([*command, "--nifti", "--sr", "--coco", *options]) == 0


@pytest.fixture(scope="module")
def results(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, project = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("home") / PROJECT
    project.mkdir()
    weights = shutil.copy(locate("unet-fast").path, project / "mine.safetensors")
    predict(clip, folder, "--model", str(weights))
    return folder


def find_file(results: Path, name: str) -> Path:
    (path,) = results.rglob(name)
    return path


def list_layers(data: bytes) -> Iterator[bytes]:
    """Yield some data, and what is compressed or encoded in it."""
    yield data
    if data.startswith(b"\x1f\x8b"):
        yield from list_layers(gzip.decompress(data))
    for found in re.finditer(rb"[A-Za-z0-9+/]{40,}={0,2}", data):
        try:
            yield base64.b64decode(found[0])
        except binascii.Error:
            continue
    if data.startswith(b"\x89PNG"):
        for chunk in re.finditer(rb"(zTXt|iTXt|iCCP)[^\0]*\0.{0,64}?(\x78[\x01\x9c\xda].*)", data, re.DOTALL):
            yield zlib.decompressobj().decompress(chunk[2])


def find_needles(folder: Path) -> list[str]:
    """Return which identifiers are in the names and contents of all files below a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        contents = list(list_layers(path.read_bytes())) if path.is_file() else []
        for needle in NEEDLES:
            encoded = [needle.lower().encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
            within = any(each in content.lower() for content in contents for each in encoded)
            if within or needle.lower() in name.lower():
                found.append(f"{name}: {needle}")
    return found


def test_no_identifier_is_in_any_file(results: Path) -> None:
    written = {path.name for path in results.rglob("*") if path.is_file()}
    assert {"report.dcm", "coco.json", "clip.html", "summary.json", "FileList.csv", "frames.csv"} <= written
    assert find_needles(results) == []
    assert (results / "echonet/Predicted.csv").read_text().count(",mine,") == 1
    assert len(EchoNetDynamic(results / "echonet").load("train")) == 2


def test_what_is_printed_names_the_clip_by_the_given_path_only(
    clip: Path,
    model: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    predict(clip, tmp_path, "--model", str(model))
    printed = capfd.readouterr()
    for text in (printed.out, printed.err, caplog.text):
        without_path = text.replace(str(clip), "").replace(clip.name, "")
        assert [needle for needle in NEEDLES if needle.lower() in without_path.lower()] == []
    assert "/clip-" in printed.out
    assert "its name tells whom it shows, so its results are called clip-" in caplog.text


def test_identifiers_are_written_if_asked_for(clip: Path, model: Path, tmp_path: Path) -> None:
    predict(clip, tmp_path, "--keep-identifiers", "--model", str(model))
    report = dcmread(next(tmp_path.rglob("report.dcm")))
    assert report.PatientName == IDENTIFIERS["PatientName"]
    assert report.StudyInstanceUID == UIDS["StudyInstanceUID"]
    assert (tmp_path / "out" / UIDS["SOPInstanceUID"]).is_dir()
    found = find_needles(tmp_path)
    assert any("summary.json" in each for each in found)
    # Names, but nothing else of the file, reach the other outputs.
    others = [each for each in found if "report.dcm" not in each and UIDS["SOPInstanceUID"] not in each]
    assert others == []


# --- Pixels -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def view(clip: Path) -> View:
    opened = open_clip(clip)
    view = find_view(opened.size_HW, find_crop(opened.sample()), whole_picture=False)
    assert view.shown_HW is not None
    text = view.shown_HW[TEXT_AT[1] - 10 : TEXT_AT[1], TEXT_AT[0] : TEXT_AT[0] + 30]
    assert not text.any()
    assert view.left < TEXT_AT[0]  # the text is in the box around the sector, so it must be made black
    assert view.top < TEXT_AT[1]
    return view


def measure_outside(picture: NDArray[np.uint8], view: View) -> int:
    """Return the brightest pixel of a shown picture of any size that lies outside of the sector.

    Pixels next to the sector are left out, because resizing and codecs blur its edge.
    """
    assert view.shown_HW is not None
    box = view.shown_HW[view.top : view.top + view.height, view.left : view.left + view.width]
    wide = cv2.dilate(box.astype(np.uint8), np.ones((13, 13), dtype=np.uint8))
    outside_HW = cv2.resize(wide, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) == 0
    assert outside_HW.mean() > 0.05
    return int(picture[outside_HW].max())


def read_video(path: Path) -> list[NDArray[np.uint8]]:
    video, frames = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        frames.append(np.asarray(read[1], dtype=np.uint8))
    return frames


def read_picture(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def decode(jpeg: str) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.imdecode(np.frombuffer(base64.b64decode(jpeg), np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8
    )


def read_page(path: Path) -> list[NDArray[np.uint8]]:
    """Return the JPEGs that a page holds."""
    found = re.findall(r"/9j/[A-Za-z0-9+/]+={0,2}", path.read_text())
    return [decode(each) for each in found]


def read_pictures(results: Path, what: str) -> list[NDArray[np.uint8]]:
    match what:
        case "overlay":
            return read_video(next(results.rglob("overlay.*")))
        case "page":
            return read_page(find_file(results, "clip.html"))
        case "thumbnail":
            return [read_picture(find_file(results, "thumbnail.jpg"))]
        case _:
            return [read_picture(path) for path in sorted(find_file(results, "pictures").iterdir())]


@pytest.mark.parametrize("what", ["overlay", "page", "thumbnail", "coco"])
def test_pictures_are_black_outside_of_the_sector(results: Path, view: View, what: str) -> None:
    pictures = read_pictures(results, what)
    assert pictures
    assert max(measure_outside(picture, view) for picture in pictures) < (1 if what == "coco" else 40)
    assert max(int(picture.max()) for picture in pictures) > 100


def test_the_clip_for_training_is_black_outside_of_the_sector(results: Path) -> None:
    (path,) = (results / "echonet/Videos").iterdir()
    assert read_whole(path)[:, :10, :30].max() < 40


def test_the_text_shows_in_the_whole_picture(clip: Path, model: Path, tmp_path: Path) -> None:
    predict(clip, tmp_path, "--whole-picture", "--model", str(model))
    picture = cv2.imread(str(next(tmp_path.rglob("pictures/00000.png"))))
    assert picture is not None
    assert picture.shape[:2] == SIZE_HW
    assert picture[TEXT_AT[1] - 12 : TEXT_AT[1], TEXT_AT[0] : TEXT_AT[0] + 40].max() == 255
