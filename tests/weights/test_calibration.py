"""The calibration in a card: an older lvzoo refuses it, this one applies it, and its page tells it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

import lvzoo
from lvzoo.border.number import TRIED
from lvzoo.cli import main
from lvzoo.errors import DataError
from lvzoo.weights import WeightsCard, read_card
from lvzoo.weights.calibration import MOST_NUMBER
from lvzoo.weights.card import parse_card
from lvzoo.weights.locate import locate
from lvzoo.weights.network import read_model
from lvzoo.weights.page import describe_calibration, render_card
from lvzoo.weights.trained import find_trained
from tests.made_weights import CARD, MOVED, TRAINED_ON, write_weights


def moved_card(**changes: Any) -> WeightsCard:  # noqa: ANN401 - fields of the calibration
    return dataclasses.replace(CARD, calibration=dataclasses.replace(MOVED, **changes))


def test_only_a_card_with_a_calibration_needs_a_newer_lvzoo() -> None:
    """An older one would ignore the number, so it must refuse the file."""
    assert (CARD.plain()["card"], moved_card().plain()["card"]) == (1, 2)
    for card in (CARD, moved_card()):
        assert parse_card(json.loads(card.to_json())) == card
    plain = CARD.plain()
    del plain["calibration"]
    assert parse_card(plain) == CARD, "the first cards lack the field"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": float("nan")}, "'number' is nan"),
        ({"number": "1"}, "'number' is '1'"),
        ({"number": 1e39}, r"'number' is 1e\+39"),
        ({"number_half": -0.1}, "'number_half' is -0.1"),
        ({"shift_px": -200.0}, "'shift_px' is -200.0"),
        ({"shift_half_px": float("inf")}, "'shift_half_px' is inf"),
        ({"frames": -3}, "'frames' is -3"),
        ({"patients": 10**30}, "'patients' is 10+$"),
        ({"check": {**dataclasses.asdict(MOVED.check), "dice_before": 7}}, "'dice_before' is 7"),
        ({"check": {**dataclasses.asdict(MOVED.check), "patients": 0}}, "'patients' is 0"),
        ({"check": {**dataclasses.asdict(MOVED.check), "distance_after_px": 1e9}}, "'distance_after_px' is"),
        ({"check": None}, "'check' is None"),
        ({"unit": "px"}, "'unit' is 'px'"),
        ({"unit": "mm"}, "'unit' is 'mm'"),
        ({"split": "test"}, "'split' is 'test'"),
        ({"name": "x\x1b[2K"}, "control characters"),
    ],
)
def test_a_card_with_an_odd_calibration_is_refused(changes: dict[str, Any], said: str) -> None:
    plain = moved_card().plain()
    plain["calibration"] |= changes
    with pytest.raises(ValueError, match=said):
        parse_card(json.loads(json.dumps(plain)))


def test_every_number_that_a_fit_tries_may_stand_in_a_card() -> None:
    assert max(TRIED) < MOST_NUMBER
    for number in (max(TRIED), -max(TRIED)):
        assert parse_card(moved_card(number=number).plain()) == moved_card(number=number)


def test_a_file_is_loaded_with_its_border_moved(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    plain = lvzoo.load(write_weights(tmp_path / "plain.safetensors"))
    loaded, unmoved = lvzoo.load(path), read_model(locate(path), calibrated=False)
    frames_B1HW = torch.rand(2, 1, 112, 112)
    with torch.inference_mode():
        logits_B1HW = plain(frames_B1HW)
        torch.testing.assert_close(loaded(frames_B1HW), logits_B1HW + 0.75)
        torch.testing.assert_close(unmoved(frames_B1HW), logits_B1HW)
    assert loaded.state_dict().keys() == plain.state_dict().keys()


def test_a_damaged_calibration_is_refused_before_it_is_used(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'\\"number\\": 0.75', b'\\"number\\": "0.7'))
    with pytest.raises(DataError, match="damaged"):
        lvzoo.load(path)


def test_a_calibrated_model_is_not_another_seed_of_the_plain_one(tmp_path: Path) -> None:
    plain, moved, other = (
        find_trained(write_weights(tmp_path / f"{seed}.safetensors", seed=seed, calibration=calibration))
        for seed, calibration in enumerate((None, MOVED, dataclasses.replace(MOVED, fingerprint="beef")))
    )
    assert len({each.as_trial("x").model_key for each in (plain, moved, other)}) == 3


def test_the_page_and_info_name_the_number_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    page = render_card(read_card(path), file="moved.safetensors", size_bytes=1)
    assert main(["info", str(path)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for part in (
        "+0.75 is added to the logits, which moves the border by 0.30 px outwards (95 % interval: 0.10 to 0.50 px",
        "10 frames of 9 patients of the train split of echonet-dynamic (reader-1), fingerprint `cafe`; from",
        "Dice 0.900 before, 0.910 after; border 0.31 px inside the tracings before, 0.02 px outside the tracings",
        "(40 frames of 20 patients, none of them used for the calibration)",
    ):
        assert part in page
        assert part in told
    assert page.splitlines()[0] == "# small, calibrated: a small U-Net"
    calibrated = (
        "after the training, one number was fitted to 10 frames of 9 patients of echonet-dynamic (reader-1)"
    )
    assert page.splitlines()[2].startswith(f"**Calibrated**: {calibrated}")
    assert f"calibrated {calibrated}" in told.split("catalogue")[0], (
        "where the model is described, not its weights"
    )
    assert "catalogue none: a weights file" in told
    assert main(["info", str(tmp_path / "gone.safetensors")]) == 4
    assert "no such file" in capsys.readouterr().err


def test_a_page_does_not_say_that_no_patient_s_image_was_used() -> None:
    page = render_card(moved_card(), file="x.safetensors", size_bytes=1)
    assert "no patient's image" not in page
    assert (
        "figures of the calibration come from echonet-dynamic (reader-1), and all others from simulated"
        in page
    )
    simulated = render_card(moved_card(name="phantom", version="v9", synthetic=True), file="x", size_bytes=1)
    assert "no patient's image was used" in simulated
    assert (
        "**Calibrated**: after the training, one number was fitted to 10 frames of 9 patients of" in simulated
    )
    assert "calibrated" not in render_card(CARD, file="x", size_bytes=1).lower()
    assert moved_card().data == f"{TRAINED_ON}; border calibrated on echonet-dynamic (reader-1)"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"shift_px": -0.14, "shift_half_px": 0.65},
            "by 0.14 px inwards (95 % interval: 0.79 px inwards to 0.51 px out",
        ),
        (
            {"shift_px": -0.5, "shift_half_px": 0.2},
            "by 0.50 px inwards (95 % interval: 0.70 to 0.30 px inwards)",
        ),
        (
            {"shift_px": 0.0, "shift_half_px": 0.2},
            "by 0.00 px (95 % interval: 0.20 px inwards to 0.20 px outwards)",
        ),
        (
            {"shift_px": 0.2, "shift_half_px": 0.2},
            "by 0.20 px outwards (95 % interval: 0.00 px to 0.40 px outwards)",
        ),
    ],
)
def test_moves_say_their_side_instead_of_a_sign(changes: dict[str, float], told: str) -> None:
    calibration = moved_card(**changes).calibration
    assert calibration is not None
    assert told in dict(describe_calibration(calibration))["border"]


def test_a_border_on_the_tracings_is_neither_inside_nor_outside() -> None:
    check = dataclasses.replace(MOVED.check, distance_after_px=-0.001)
    said = dict(describe_calibration(dataclasses.replace(MOVED, check=check)))["effect"]
    assert "border 0.31 px inside the tracings before, on the tracings after" in said


def test_the_move_of_landmarks_is_told_in_words() -> None:
    moved = dataclasses.replace(MOVED, unit="px", number=-0.79)
    told = dict(describe_calibration(moved))["border"]
    moves = (
        "the landmarks are moved 0.79 px inwards along the normal of their curve, which moves the border by"
    )
    assert told.startswith(f"{moves} 0.30 px outwards")


def test_an_entry_that_carries_calibrated_weights_says_so_in_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    write_weights(tmp_path / "moved.safetensors", calibration=MOVED)
    registry = tmp_path / "mine.yaml"
    registry.write_text("mine: {family: unet, options: {width: 4, levels: 2}, weights: moved.safetensors}\n")
    assert main(["list", "mine", "--registry", str(registry)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert (
        "[weights: trained on synthetic phantom-v9; border calibrated on echonet-dynamic (reader-1)]"
        in printed
    )
