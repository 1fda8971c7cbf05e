"""Each check passes for a sound model and fails for a broken one, with a message that says what to change."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import pytest

import lvzoo
from lvzoo.errors import PluginError
from lvzoo.plugins import Plugin
from lvzoo.plugins.declarations import Declarations
from lvzoo.testing import conformance
from lvzoo.testing.conformance import CHECKS, check_models, checks_for, find_subjects, run_check
from lvzoo.testing.subject import MOST_STEPS, Subject
from lvzoo.types import Entry, Family, Option

if TYPE_CHECKING:
    from lvzoo.testing.conformance import Result
    from tests.conftest import Install

FAMILY = Family(
    name="sound",
    kind="mask",
    factory="tests.testing.models:Sound",
    summary="for a test",
    options={"width": Option(default=8, help="channels")},
)
ENTRY = Entry(
    name="sound",
    family=FAMILY,
    plugin="sound",
    options={"width": 8},
    summary="for a test",
    licence="MIT",
    recipe={"learning_rate": 0.04},
)
PLUGIN = Plugin(
    name="sound", value="sound_dist", distribution="sound-dist", version="1", declared=Declarations()
)
SMALL = {"unet", "landmark7", "coords7", "contour41"}
"""Bundled entries that are checked in every test run; CI also checks the others."""


def entry_of(factory: str = "Sound", **family: Any) -> Entry:  # noqa: ANN401 - a Family's fields
    changed = dataclasses.replace(FAMILY, factory=f"tests.testing.models:{factory}", **family)
    return dataclasses.replace(ENTRY, family=changed, options={"width": 7 if "Point" in factory else 8})


def result_of(name: str, subject: Subject) -> Result:
    [check] = [each for each in CHECKS if each.name == name]
    return run_check(check, subject)


def failure(name: str, entry: Entry, plugin: Plugin = PLUGIN) -> str:
    result = result_of(name, Subject(entry, plugin))
    assert result.ok is False
    assert "\n" not in result.message
    return result.message


@pytest.mark.parametrize("check", [each for each in CHECKS if not each.slow], ids=lambda each: each.name)
def test_a_sound_model_passes(check: conformance.Check) -> None:
    entry = entry_of("Points", kind="landmark") if check.name == "landmarks" else ENTRY
    result = run_check(check, Subject(entry, PLUGIN))
    assert (result.message, result.ok) == ("", True)
    assert check.about.endswith(".")


BROKEN = [
    (
        "factory",
        "NoOption",
        r"models:NoOption .*unexpected keyword argument 'width'.*one keyword argument per option",
    ),
    ("factory", "Absent", "has no attribute 'Absent'"),
    ("builds", "Explodes", "failed to build: ZeroDivisionError: boom"),
    ("builds", "Frozen", "no trainable parameters"),
    (
        "builds",
        "ComplexBuffer",
        "^wave is of type complex64, so lvzoo would refuse the trained weights; keep only",
    ),
    ("builds", "InfiniteBuffer", "^far is not finite, so lvzoo would refuse .*persistent=False"),
    ("builds", "NanParameter", "^scale is not finite"),
    ("shapes", "OneSizeOnly", r"raises RuntimeError: .* \(models.py, line \d+\); correct it there"),
    ("shapes", "ManyOutputs", "forward returned a list.*one tensor"),
    ("shapes", "BatchLost", r"Tensor of float32 \(1, 1, 28, 28\) for frames \(3, 1, 112, 112\)"),
    ("masks", "CoarseMasks", r"ndarray of bool \(1, 28, 28\);.* \(1, 112, 112\)"),
    ("masks", "FloatMasks", "ndarray of float32"),
    ("black-frame", "DividesByTheSpread", r"forward returned a Tensor of float32 .*not finite"),
    ("low-precision", "NoBf16", r"^decode .*bf16.*output\.float\(\)"),
    ("low-precision", "NoBf16InLoss", r"^loss .*bf16.*output\.float\(\)"),
    (
        "low-precision",
        "OverflowsInBf16",
        r"loss .*bf16.* inf;.*output\.float\(\)",
    ),
    ("one-by-one", "BatchStatistics", "other frames of its batch.*track_running_stats=True"),
    ("same-seed", "OwnDice", "head.bias .*seed"),
    ("eval-mode", "Counts", "forward changes seen in eval mode.*self.training"),
    ("eval-mode", "InPlace", "forward changes its input frames"),
    ("eval-mode", "AlwaysDropsOut", "different output the second time"),
    ("saved-and-loaded", "ForgetsTheScale", "output is different;.*buffers"),
    ("saved-and-loaded", "TiedWeights", r"safetensors \(.*head.*\);.*two names"),
    ("loss", "LossOfEach", r"a Tensor of float32 \(8,\); return one number"),
    ("loss", "NanLoss", "the loss of a training batch is nan;"),
    ("loss", "Detached", "the loss has no gradient"),
    (
        "gradients",
        "Unused",
        r"^aside.weight, aside.bias get no gradient;.*requires_grad_\(False\)",
    ),
    ("gradients", "DeadBranch", "the gradients of dead.weight, dead.bias are all 0"),
    ("gradients", "RootAtZero", "the gradients of .* are not finite;.*sqrt"),
    ("black-batch", "DividesByTheSpread", "the loss of black frames is nan"),
]


@pytest.mark.parametrize(("check", "factory", "message"), BROKEN, ids=lambda value: str(value)[:24])
def test_a_broken_model_fails_with_what_to_change(check: str, factory: str, message: str) -> None:
    assert re.search(message, failure(check, entry_of(factory)))


def test_a_buffer_that_no_file_keeps_may_be_infinite() -> None:
    subject = Subject(entry_of("InfiniteConstant"), PLUGIN)
    for check in CHECKS:
        if check.name in ("builds", "same-seed", "saved-and-loaded"):
            assert run_check(check, subject).ok


def test_the_declarations_of_a_plugin_are_checked() -> None:
    heavy = dataclasses.replace(PLUGIN, declared=Declarations(heavy=("torch",)))
    assert "importing sound_dist also imports torch;" in failure("torch-free", ENTRY, heavy)
    odd = dataclasses.replace(ENTRY, name="My_Net")
    assert "the entry is named 'My_Net'; use lower-case words joined by hyphens: 'my-net'" in failure(
        "names", odd
    )
    silent = entry_of(options={"width": Option(default=8, help=" ")})
    assert "option 'width' of family 'sound' has no help" in failure("options", silent)
    wrong = dataclasses.replace(ENTRY, options={"width": "8"})
    assert "the value must be int, not str '8'" in failure("options", wrong)
    free = dataclasses.replace(ENTRY, licence=None)
    assert "no licence is declared; write 'licence: MIT'" in failure("licence", free)


def test_landmarks_must_be_returned_in_a_number_that_fits_the_contour() -> None:
    assert "decode returned no landmarks" in failure("landmarks", entry_of("Sound", kind="landmark"))
    eight = failure("landmarks", entry_of("EightPoints", kind="landmark"))
    assert "8 landmarks cannot be spread evenly" in eight


def test_after_a_failed_essential_check_the_others_are_skipped() -> None:
    subject = Subject(ENTRY, PLUGIN, missing=("no_such_module",))
    assert "needs no_such_module; install it" in result_of("requirements", subject).message
    after = result_of("shapes", subject)
    assert (after.ok, after.message) == (None, "skipped, since 'requirements' failed")


def trained_by(trainer: str, **changed: Any) -> Entry:  # noqa: ANN401 - an Entry's fields
    where = trainer if ":" in trainer else f"tests.testing.models:{trainer}"
    return dataclasses.replace(entry_of(trainer=where), **changed)


OWN = "lvzoo.train.trainer:LoopTrainer"
"""A trainer that is known to work, used as if it were a plugin's own."""


def test_own_trainers_are_run_for_an_epoch() -> None:
    assert "own-trainer" in [check.name for check in checks_for(trained_by(OWN))]
    assert "own-trainer" not in [check.name for check in checks_for(ENTRY)]
    assert result_of("own-trainer", Subject(trained_by(OWN), PLUGIN)).message == ""
    none = entry_of(trainer="tests.testing.models:Sound")
    assert "has no method 'fit'" in failure("factory", none)


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ("CountsFromZero", "called on_epoch 1 times and returned a history of 0 epochs with best_epoch 0"),
        ("TellsTooMuch", r"val_dice of 0\.990000, but the model that it returns has 0\."),
        ("NoLoss", "train_loss of nan"),
        ("DoesNothing", "check that the trainer changes the weights"),
    ],
)
def test_own_trainers_that_do_not_train_or_report_wrong_numbers_fail(trainer: str, message: str) -> None:
    assert re.search(message, failure("own-trainer", trained_by(trainer)))


def test_a_model_with_its_own_trainer_is_overfitted_by_that_trainer() -> None:
    recipe = {"learning_rate": 0.01, "epochs": 3}
    sound = dataclasses.replace(entry_of("Points", kind="landmark", trainer=OWN), recipe=recipe)
    assert result_of("overfits", Subject(sound, PLUGIN)).message == ""
    idle = failure("overfits", trained_by("DoesNothing", recipe=recipe))
    assert "after 3 epochs of its own trainer on 8 frames, the Dice on these frames is 0." in idle


def test_overfits_fails_for_a_model_that_cannot_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Subject(entry_of("Points", kind="landmark"), PLUGIN)
    assert result_of("overfits", sound).message == ""
    assert result_of("landmark-order", sound).message == ""
    assert int(sound.overfit.length.split()[0]) < MOST_STEPS, "it stops when it has learnt"
    monkeypatch.setattr("lvzoo.testing.subject.MOST_STEPS", 40)
    hopeless = failure("overfits", entry_of("LearnsTheOpposite"))
    assert "after 40 steps on 8 frames, the Dice on these frames is 0." in hopeless


def test_landmarks_in_reverse_order_fail() -> None:
    backwards = failure("landmark-order", entry_of("BackwardsPoints", kind="landmark"))
    assert "fit the references better in reverse order" in backwards


@pytest.mark.parametrize("factory", ["SwappedPoints", "HalvedPoints"])
def test_landmarks_that_do_not_fit_their_mask_fail(factory: str) -> None:
    far = failure("landmark-order", entry_of(factory, kind="landmark"))
    assert re.search(
        r"the masks fit, but the landmarks are \d+\.\d px from the references; return pixels", far
    )


def test_a_name_is_an_entry_a_family_or_a_plugin(install_plugin: Install) -> None:
    def entries(name: str) -> list[str]:
        return [subject.entry.name for subject in find_subjects(name)]

    assert entries("unet") == ["unet"], "the entry, though a family and a plugin are called so too"
    assert "landmark7" in entries("landmark-heatmap")
    assert {"landmark7"} < set(entries("landmarks"))
    assert entries("unet*") == ["unet", "unet-64", "unet-fast"]
    with pytest.raises(PluginError, match=r"unknown entry 'unett' \(did you mean 'unet'"):
        check_models("unett")
    with pytest.raises(PluginError, match="plugin 'core' has no entries to check"):
        check_models("core")
    install_plugin("broken", "1 / 0")
    with pytest.raises(
        PluginError, match="plugin 'broken', which is quarantined: raises on import: ZeroDivision"
    ):
        check_models("broken")


def _bundled(*, slow: bool) -> list[Any]:
    return [
        pytest.param(name, marks=[pytest.mark.slow] if slow or name not in SMALL else [])
        for name in (entry.name for entry in lvzoo.list_models())
    ]


@pytest.mark.parametrize("name", _bundled(slow=False))
def test_every_bundled_entry_passes_the_fast_checks(name: str) -> None:
    assert [(each.name, each.message) for each in check_models(name, fast=True) if not each.ok] == []


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", _bundled(slow=True))
def test_every_bundled_entry_learns(name: str) -> None:
    [subject] = find_subjects(name)
    results = [run_check(check, subject) for check in checks_for(subject.entry) if check.slow]
    assert [(each.name, each.message) for each in results if not each.ok] == []
