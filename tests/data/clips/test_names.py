"""The names of the folders for results: recognisable, distinct, and usable on common file systems."""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from pathlib import Path

import pytest

from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.names import digest_clip, name_clip, name_clips
from lvzoo.errors import DataError


def name(*clips: str | ClipFile) -> list[str]:
    return name_clips([clip if isinstance(clip, ClipFile) else ClipFile(path=Path(clip)) for clip in clips])


def sequence(path: str, *images: str) -> ClipFile:
    return ClipFile(path=Path(path), images=tuple(Path(image) for image in images))


# --- One clip ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("clip.avi", "clip"),
        ("x/Clip.MP4", "Clip"),
        ("image.dcm", "image"),
        ("patient0001_2CH.nii.gz", "patient0001_2CH"),
        ("1.2.840.113619.2.391.5047.1", "1.2.840.113619.2.391.5047.1"),
        ("1.2.840.113619.2.391.5047.1.dcm", "1.2.840.113619.2.391.5047.1"),
        ("2024.11.14 patient.7", "2024.11.14 patient.7"),
        ("2024-11-14T22:57:44.mp4", "2024-11-14T22:57:44"),
        ("no suffix", "no suffix"),
        ("ü心.avi", "ü心"),
        ("a\nb\x1b[2K\u202e.avi", "a_b_[2K_"),
        (os.fsdecode(b"\xff.avi"), "_"),
        ("back\\slash.avi", "back_slash"),
        (".hidden.avi", "hidden"),
        (".avi", "avi"),
        ("...avi", "clip"),
        (" clip. .avi", "clip"),
    ],
)
def test_only_known_suffixes_are_cut(file: str, expected: str) -> None:
    assert name(file) == [expected]
    assert name_clip(Path(file)) == expected


def test_a_long_name_is_cut_and_stays_distinct() -> None:
    first, second = name(f"{'ü' * 110}1.avi", f"{'ü' * 110}2.avi")
    assert first != second
    assert all(each.startswith("ü" * 90) and len(each.encode()) <= 200 for each in (first, second))


# --- Numbered pictures ------------------------------------------------------------------------------------------


def test_pictures_have_the_name_of_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name(sequence("x/frames", "x/frames/1.png", "x/frames/2.png")) == ["frames"]
    monkeypatch.chdir(tmp_path)
    assert name(sequence(str(tmp_path), "1.png", "2.png")) == [tmp_path.name]


def test_sequences_of_one_folder_have_their_prefix() -> None:
    a, b = (sequence(f"x/{each}_*.png", f"x/{each}_1.png", f"x/{each}_2.png") for each in "ab")
    assert name(a, b) == ["x-a", "x-b"]
    assert name(sequence("x/*.png", "x/1.png"), sequence("x/*.jpg", "x/1.jpg")) == ["x.png", "x.jpg"]


# --- Several clips ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a/clip.avi", "b/clip.avi"], ["a-clip", "b-clip"]),
        (["a/clip.avi", "b/clip.mp4"], ["a-clip", "b-clip"]),
        (["a/clip.avi", "a/clip.mp4"], ["clip.avi", "clip.mp4"]),
        (["a/x/clip.avi", "b/x/clip.avi"], ["a-x-clip", "b-x-clip"]),
        (["a/clip.avi", "a/clip.mp4", "b/clip.avi"], ["a-clip.avi", "a-clip.mp4", "b-clip"]),
        (
            ["d/1/IM", "d/2/IM", "e/p/q/r/s/IM", "f/p/q/r/s/IM"],
            ["1-IM", "2-IM", "e-p-q-r-s-IM", "f-p-q-r-s-IM"],
        ),
        (["a/1/x/IM", "a/2/x/IM", "b/IM"], ["1-x-IM", "2-x-IM", "b-IM"]),
        (["/IM", "/a/IM", "/a/a/IM"], ["IM", "a-IM", "a-a-IM"]),
        (["Clip.avi", "clip.avi"], ["Clip", "clip-2"]),
        (["Clip.avi", "clip.avi", "clip.mp4"], ["Clip", "clip-2", "clip.mp4"]),
        (["STRASSE.avi", "straße.avi"], ["STRASSE", "straße-2"]),
        (["x\x01.avi", "x\x02.avi"], ["x_", "x_-2"]),
        (["a/clip.avi", "b/clip.avi", "a-clip.avi"], ["a-clip-2", "b-clip", "a-clip"]),
        (["clip.avi", "clip.mp4", "clip-2.avi"], ["clip.avi", "clip.mp4", "clip-2"]),
        (["1.2.840.1", "1.2.840.2"], ["1.2.840.1", "1.2.840.2"]),
    ],
)
def test_clips_with_one_name_are_told_apart(files: list[str], expected: list[str]) -> None:
    assert name(*files) == expected


def test_many_clips_with_one_name_are_numbered_fast() -> None:
    started_s = time.process_time()
    names = name(*["x\x01.avi"] * 15_000)
    assert (names[0], names[-1]) == ("x_", "x_-15000")
    assert time.process_time() - started_s < 8


def test_accents_are_compared_as_they_look() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é.avi") for form in ("NFC", "NFD"))
    assert len({unicodedata.normalize("NFC", each) for each in name(composed, decomposed)}) == 2


# --- Digests -------------------------------------------------------------------------------------------------------


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"clip")
    assert digest_clip(ClipFile(path=tmp_path / "clip.avi")) == hashlib.sha256(b"clip").hexdigest()


def test_the_digest_of_pictures_is_over_names_contents_and_order(tmp_path: Path) -> None:
    def digest(**contents: bytes) -> str:
        for each, content in contents.items():
            (tmp_path / each).write_bytes(content)
        return digest_clip(ClipFile(path=tmp_path, images=tuple(tmp_path / each for each in contents)))

    digests = [
        *(digest(a=b"1", b=b"2"), digest(a=b"12", b=b""), digest(a=b"1", c=b"2"), digest(b=b"2", a=b"1")),
        digest(a=b"1"),
    ]
    assert len(set(digests)) == len(digests)
    assert digest(a=b"1", b=b"2") == digests[0]


def test_a_file_without_a_digest_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"clip\.avi: cannot be read \(No such file"):
        digest_clip(ClipFile(path=tmp_path / "clip.avi"))
