"""The cache: found again without reading anything, remade when files change or the entry is damaged."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

import lvzoo.data.echonet
from lvzoo.data.echonet import EchoNetDynamic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lvzoo.types import FrameSet, Split
    from tests.data.conftest import EchoNetFolder, Ventricle


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "frames"


@pytest.fixture
def folder(cache: Path, echonet_folder: EchoNetFolder, ventricle: Ventricle) -> Path:  # noqa: ARG001 - first its cache
    echonet_folder.add("0XA")
    echonet_folder.add("0XB", "val", traced=[(9, ventricle()), (3, ventricle(scale=0.7))])
    echonet_folder.add("0XC").unlink()
    return echonet_folder.write()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by a name whenever lists are parsed or a video is read."""
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
def test_a_second_load_reads_nothing_and_gives_the_same(folder: Path, reads: list[str], split: Split) -> None:
    first = EchoNetDynamic(folder).load(split)
    assert reads
    reads.clear()
    second = EchoNetDynamic(folder).load(split)
    assert reads == []
    assert same(first, second)


def test_frames_out_of_the_cache_can_be_written_to(folder: Path) -> None:
    EchoNetDynamic(folder).load("train")
    frames = EchoNetDynamic(folder).load("train")
    frames.frames_NHW[0, 0, 0] ^= 255
    assert not same(frames, EchoNetDynamic(folder).load("train"))


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

    monkeypatch.setattr(np, "save", full)
    assert len(EchoNetDynamic(folder).load("train")) == 2
    assert "cannot be kept ([Errno 28] No space left on device)" in caplog.text
    assert list(cache.iterdir()) == []


def flip_a_byte(entry: Path) -> None:
    path = entry / "packed_masks.npy"
    content = bytearray(path.read_bytes())
    content[-500] ^= 1
    path.write_bytes(content)


def cut_short(entry: Path) -> None:
    path = entry / "frames_NHW.npy"
    path.write_bytes(path.read_bytes()[:-100])


def empty(entry: Path) -> None:
    (entry / "contours_NP2.npy").write_bytes(b"")


def lose_meta(entry: Path) -> None:
    (entry / "meta.json").unlink()


def garble_meta(entry: Path) -> None:
    (entry / "meta.json").write_text('{"videos": []}')


@pytest.mark.parametrize("damage", [flip_a_byte, cut_short, empty, lose_meta, garble_meta])
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
