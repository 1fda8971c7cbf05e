"""Further traced frames of a beat: chosen from all parts of the clip, traced where the picture shows the wall."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lvzoo.errors import DataError
from lvzoo.geometry.ventricle import polygon_area
from lvzoo.phantom import write
from lvzoo.phantom.clip import simulate
from lvzoo.phantom.dataset import Phantom, phantom_of_beats
from lvzoo.phantom.motion import choose_further_frames, draw_beat, lag_contours
from lvzoo.phantom.ranges import RANGES
from lvzoo.registry import open_zoo

FURTHER = 3


@pytest.fixture(scope="module")
def beats_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    size = write.PhantomSize(train=1, val=1, test=2, further=FURTHER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "SIZES", {"beats": size})
        return write.write_phantom(tmp_path_factory.mktemp("phantom") / "beats", size="beats", workers=1)


def test_frames_other_than_ed_and_es_are_chosen_from_all_parts_of_the_clip() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        beat = draw_beat(rng, RANGES)
        frames = choose_further_frames(rng, beat, 4)
        assert len(set(frames)) == 4
        assert not {beat.ed_frame, beat.es_frame} & set(frames)
        quarter = beat.frames / 4
        assert all(abs(frame - (part + 0.5) * quarter) < quarter for part, frame in enumerate(frames))
    assert choose_further_frames(rng, beat, 0) == []


def test_contours_in_the_picture_lag_behind_a_steady_motion_by_p_over_1_minus_p_frames() -> None:
    true_NP2 = np.broadcast_to(np.arange(60.0)[:, None, None], (60, 5, 2))
    for persistence in (0.0, 0.4, 0.7):
        lag_NP2 = true_NP2 - lag_contours(true_NP2, persistence)
        assert lag_NP2[-1] == pytest.approx(persistence / (1 - persistence))
    assert true_NP2[-1, 0, 0] == 59, "the contours passed in are not changed"


def test_a_reader_traces_the_wall_where_the_picture_shows_it() -> None:
    """While the ventricle fills fast, the picture still shows the smaller ventricle of the frames before."""
    shares: dict[str, list[float]] = {"ED": [], "filling": []}
    for index in range(8):
        clip = simulate(seed=3, split="test", index=index, further=30)
        traced = {clip.beat.ed_frame: clip.ed, **clip.further}
        for frame, tracing in traced.items():
            share = polygon_area(tracing.polygon_P2) / polygon_area(clip.contours_NP2[frame])
            if frame == clip.beat.ed_frame:
                shares["ED"].append(share)
            elif 4 <= frame - clip.beat.es_frame <= 7:
                shares["filling"].append(share)
    assert np.mean(shares["filling"]) < np.mean(shares["ED"]) - 0.03


def test_nothing_else_depends_on_the_number_of_further_frames() -> None:
    few, many = (simulate(seed=0, split="val", index=1, further=count) for count in (0, 5))
    assert (len(few.further), len(many.further)) == (0, 5)
    assert (few.frames_NHW == many.frames_NHW).all()
    assert (few.contours_NP2 == many.contours_NP2).all()
    for one, other in ((few.ed, many.ed), (few.es, many.es)):
        assert (one.chords_R22 == other.chords_R22).all()


def test_further_frames_have_a_table_of_their_own_and_are_read_with_ed_and_es(beats_folder: Path) -> None:
    table = pd.read_csv(beats_folder / "FurtherTracings.csv")
    usual = pd.read_csv(beats_folder / "VolumeTracings.csv")
    assert list(table.columns) == list(usual.columns)
    assert (len(table), len(usual)) == (4 * FURTHER * 21, 4 * 2 * 21)
    assert open_zoo().dataset_for(beats_folder).factory.endswith(":phantom_of_beats")
    plain, whole = Phantom(beats_folder).load("test"), phantom_of_beats(beats_folder).load("test")
    assert (plain.source.name, whole.source.name) == ("phantom", "phantom-beats")
    assert whole.phases == ("ED", "ES", *["other"] * FURTHER) * 2
    assert whole.source.synthetic
    assert whole.source.exclusions == ()
    known = [n for n, phase in enumerate(whole.phases) if phase != "other"]
    assert (whole.frames_NHW[known] == plain.frames_NHW).all()
    assert (whole.masks_NHW[known] == plain.masks_NHW).all()
    assert whole.source.reader_dice == plain.source.reader_dice
    assert len({frame.tobytes() for frame in whole.frames_NHW}) == len(whole), "each frame is another picture"
    assert whole.source.fingerprint != plain.source.fingerprint


def test_a_damaged_table_is_a_data_error(beats_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(beats_folder, tmp_path / "copy")
    table = copy / "FurtherTracings.csv"
    table.write_text(table.read_text().replace("\n", "\nnonsense,", 1))
    with pytest.raises(DataError, match=r"FurtherTracings\.csv: line 2: 7 cells.* 6; "):
        phantom_of_beats(copy).load("test")
