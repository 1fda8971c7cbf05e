"""The cache of frames: a second load reads no video; changed files and damaged entries are read again."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lvzoo.data.echonet
import lvzoo.data.frames
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.frames import ARRAYS, fingerprint, load_or_make
from tests.data.echonet_folders import EchoNetFolder, ventricle
from tests.toys import toy_frames

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.types import FrameSet, Split


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "frames"


@pytest.fixture
def folder(cache: Path, echonet_folder: EchoNetFolder) -> Path:  # noqa: ARG001 - first its cache
    echonet_folder.add("0XA")
    echonet_folder.add("0XB", "val", traced=[(9, ventricle()), (3, ventricle(scale=0.7))])
    echonet_folder.add("0XC").unlink()
    return echonet_folder.write()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect a name whenever a list is parsed or a video is read."""
    calls: list[str] = []
    for name in ("read_file_list", "read_tracings", "read_video"):
        original = getattr(lvzoo.data.echonet, name)

        def counted(*arguments: object, name: str = name, original: object = original) -> object:
            calls.append(name)
            assert callable(original)
            return original(*arguments)

        monkeypatch.setattr(lvzoo.data.echonet, name, counted)
    return calls


def same(a: FrameSet, b: FrameSet) -> bool:
    pairs = [(getattr(a, each.name), getattr(b, each.name)) for each in fields(a)]
    return all(
        np.array_equal(x, y) and x.dtype == y.dtype if isinstance(x, np.ndarray) else x == y for x, y in pairs
    )


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_second_load_reads_no_video_and_gives_the_same(
    folder: Path, reads: list[str], split: Split
) -> None:
    first = EchoNetDynamic(folder).load(split)
    assert reads
    reads.clear()
    second = EchoNetDynamic(folder).load(split)
    assert reads == ["read_file_list"]  # the listed EF is not cached
    assert same(first, second)


def test_frames_out_of_the_cache_can_be_written_to(folder: Path) -> None:
    EchoNetDynamic(folder).load("train")
    frames = EchoNetDynamic(folder).load("train")
    frames.frames_NHW[0, 0, 0] ^= 255
    assert not same(frames, EchoNetDynamic(folder).load("train"))


def test_frames_of_a_large_set_are_mapped_and_not_read(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = EchoNetDynamic(folder).load("train")
    (entry,) = cache.iterdir()
    monkeypatch.setattr(lvzoo.data.frames, "MAPPED_BYTES", 1)
    frames = EchoNetDynamic(folder).load("train")
    assert same(frames, in_memory)
    assert all(isinstance(array.base, np.memmap) for array in (frames.frames_NHW, frames.masks_NHW))
    # what is written stays in this process
    frames.frames_NHW[0, 0, 0] ^= 255
    assert same(in_memory, EchoNetDynamic(folder).load("train"))
    # damage is noticed all the same
    whole = entry.read_bytes()
    for name in ("frames_NHW", "masks_NHW"):
        other = entry.with_name("other")
        other.write_bytes(whole)
        flip(other, member_bytes(entry, name)[-500])
        other.replace(entry)  # into the file itself, bytes would change what is mapped
        caplog.clear()
        assert same(in_memory, EchoNetDynamic(folder).load("train"))
        assert "damaged cache entry" in caplog.text


def test_a_large_set_is_mapped_as_soon_as_it_is_in_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lvzoo.data.frames, "MAPPED_BYTES", 1)
    assert isinstance(EchoNetDynamic(folder).load("train").frames_NHW.base, np.memmap)


def test_a_video_of_another_date_or_size_is_read_again(folder: Path, reads: list[str]) -> None:
    first = EchoNetDynamic(folder).load("train")
    reads.clear()
    os.utime(folder / "Videos" / "0XA.avi", ns=(1, 1))
    assert same(first, EchoNetDynamic(folder).load("train"))
    assert "read_video" in reads


def test_another_tracing_is_read_even_by_the_same_object(folder: Path) -> None:
    dataset = EchoNetDynamic(folder)
    first = dataset.load("train")
    path = folder / "VolumeTracings.csv"
    path.write_text(path.read_text().replace(",3\n", ",4\n"))
    second = dataset.load("train")
    assert (first.frame_indices, second.frame_indices) == ((9, 3), (9, 4))
    assert first.source.fingerprint != second.source.fingerprint


def test_another_decoder_reads_again(folder: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    EchoNetDynamic(folder).load("train")
    reads.clear()
    monkeypatch.setattr(lvzoo.data.echonet, "decoder_identity", lambda: "cv2-0")
    EchoNetDynamic(folder).load("train")
    assert "read_video" in reads


def test_a_full_disk_costs_the_cache_and_not_the_run(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(EchoNetDynamic(folder).load("train")) == 2
    assert "the cache cannot be written (No space left on device)" in caplog.text
    assert list(cache.iterdir()) == []


def flip(entry: Path, at: int) -> None:
    content = bytearray(entry.read_bytes())
    content[at] ^= 0xFF
    entry.write_bytes(content)


def member_bytes(entry: Path, name: str) -> range:
    """Return where the bytes of a member lie in the file: the header of the `.npy` format, then the array."""
    with zipfile.ZipFile(entry) as archive:
        info = archive.getinfo(f"{name}.npy")
    start = entry.read_bytes().index(b"\x93NUMPY", info.header_offset)
    return range(start, start + info.file_size)


def flip_a_mask(entry: Path) -> None:
    flip(entry, member_bytes(entry, "masks_NHW")[-500])


def flip_the_shape_of_an_array(entry: Path) -> None:
    content = entry.read_bytes()
    entry.write_bytes(content.replace(b"(2, 112, 112)", b"(1, 112, 112)"))
    assert entry.read_bytes() != content


def flip_a_name_in_the_directory(entry: Path) -> None:
    flip(entry, entry.read_bytes().rindex(b"contours_NP2"))


def flip_the_end_of_the_directory(entry: Path) -> None:
    flip(entry, entry.read_bytes().rindex(b"PK\x05\x06"))


def cut_short(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-1])


def cut_in_half(entry: Path) -> None:
    content = entry.read_bytes()
    entry.write_bytes(content[: len(content) // 2])


def empty(entry: Path) -> None:
    entry.write_bytes(b"")


def write_again(entry: Path, **changed: NDArray[np.bytes_] | None) -> None:
    with np.load(entry) as archive:
        members = {**archive, **changed}
    np.savez(entry, **{name: array for name, array in members.items() if array is not None})


def lose_meta(entry: Path) -> None:
    write_again(entry, meta=None)


def garble_meta(entry: Path) -> None:
    write_again(entry, meta=np.array(b'{"videos": []}'))


@pytest.mark.parametrize(
    "damage",
    [
        *(
            flip_a_mask,
            flip_the_shape_of_an_array,
            flip_a_name_in_the_directory,
            flip_the_end_of_the_directory,
        ),
        *(cut_short, cut_in_half, empty, lose_meta, garble_meta),
    ],
)
def test_a_damaged_entry_is_noticed_told_and_made_again(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    first = EchoNetDynamic(folder).load("train")
    (entry,) = cache.iterdir()
    damage(entry)
    assert same(first, EchoNetDynamic(folder).load("train"))
    assert "damaged cache entry" in caplog.text
    caplog.clear()
    assert same(first, EchoNetDynamic(folder).load("train"))
    assert caplog.text == ""


def test_a_flipped_byte_is_never_read(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte of a member is noticed. Bytes that nothing reads, such as a zip's dates, may pass."""
    first = EchoNetDynamic(folder).load("train")
    (entry,) = cache.iterdir()
    whole = entry.read_bytes()
    monkeypatch.setattr(EchoNetDynamic, "_read", lambda *_: first)
    members = [member_bytes(entry, name) for name in ARRAYS]
    heads = {at for member in members for at in range(member.start - 70, member.start + 130, 3) if at >= 0}
    for at in sorted({*heads, *range(0, len(whole), 199), *range(members[-1].stop, len(whole))}):
        caplog.clear()
        flip(entry, at)
        assert same(first, EchoNetDynamic(folder).load("train")), at
        noticed = "damaged cache entry" in caplog.text
        assert noticed or not any(at in member for member in members), at
        entry.write_bytes(whole)


# --- What some data sets say about a frame ----------------------------------------------------------------------


def _labelled() -> FrameSet:
    return replace(
        toy_frames(4),
        listed_efs=(55.5, None, 40.0, None),
        views=("4CH", "4CH", "2CH", ""),
        qualities=("Good", "Poor", "", "Medium"),
    )


def test_views_qualities_and_listed_ejection_fractions_are_kept(cache: Path) -> None:
    made = _labelled()
    load_or_make("labelled", lambda: made)
    assert len(list(cache.iterdir())) == 1
    assert same(load_or_make("labelled", lambda: pytest.fail("it is kept")), made)


def test_an_entry_of_an_earlier_version_still_loads(cache: Path) -> None:
    load_or_make("before", lambda: toy_frames(4))
    (entry,) = cache.iterdir()
    with np.load(entry) as kept:
        arrays = dict(kept)
    meta = json.loads(arrays["meta"].item())
    for name in ("listed_efs", "views", "qualities"):
        assert meta.pop(name) is None
    np.savez(entry, **{**arrays, "meta": np.array(json.dumps(meta).encode())})
    assert same(load_or_make("before", lambda: pytest.fail("it is kept")), toy_frames(4))


def test_the_fingerprint_depends_on_qualities_only_where_there_are_any() -> None:
    plain, labelled = toy_frames(4), _labelled()
    other = replace(labelled, qualities=("Poor", "Poor", "", "Medium"))
    assert len({fingerprint(plain), fingerprint(labelled), fingerprint(other)}) == 3
    assert fingerprint(replace(plain, views=None, qualities=None)) == fingerprint(plain)


def test_the_fingerprint_depends_on_whose_frames_they_are() -> None:
    frames = toy_frames(4)
    assert fingerprint(replace(frames, patients=("P000",) * 4)) != fingerprint(frames)
