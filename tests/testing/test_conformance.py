"""Each check passes a sound model and fails a broken one, with a sentence that says what to change."""

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
from lvzoo.testing.conformance import CHECKS, check_models, checks_for, perform, subjects
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
"""Bundled entries that are checked whenever the tests run; CI checks the others too."""


def entry_of(factory: str = "Sound", **family: Any) -> Entry:  # noqa: ANN401 - a Family's fields
    changed = dataclasses.replace(FAMILY, factory=f"tests.testing.models:{factory}", **family)
    return dataclasses.replace(ENTRY, family=changed, options={"width": 7 if "Point" in factory else 8})


def result_of(name: str, subject: Subject) -> Result:
    [check] = [each for each in CHECKS if each.name == name]
    return perform(check, subject)


def failure(name: str, entry: Entry, plugin: Plugin = PLUGIN) -> str:
    result = result_of(name, Subject(entry, plugin))
    assert result.ok is False
    assert "\n" not in result.message
    return result.message


@pytest.mark.parametrize("check", [each for each in CHECKS if not each.slow], ids=lambda each: each.name)
def test_a_sound_model_passes(check: conformance.Check) -> None:
    entry = entry_of("Points", kind="landmark") if check.name == "landmarks" else ENTRY
    result = perform(check, Subject(entry, PLUGIN))
    assert (result.message, result.ok) == ("", True)
    assert check.about.endswith(".")


BROKEN = [
    (
        "factory",
        "NoOption",
        "does not take the options that the family declares.*one keyword argument for each",
    ),
    ("factory", "Absent", "has no attribute 'Absent'"),
    ("builds", "Explodes", "failed to build: ZeroDivisionError: boom"),
    ("builds", "Frozen", "no trainable parameter"),
    ("shapes", "OneSizeOnly", r"raises RuntimeError: .* \(models.py, line \d+\); correct it there"),
    ("shapes", "ManyOutputs", "forward gave a list.*return one tensor"),
    ("shapes", "BatchLost", r"for frames \(3, 1, 112, 112\); return .* whose first dimension is the batch"),
    ("masks", "CoarseMasks", r"ndarray of bool \(1, 28, 28\); give a numpy array of bool \(1, 112, 112\)"),
    ("masks", "FloatMasks", "ndarray of float32"),
    ("black-frame", "DividesByTheSpread", "not all finite; look for a division by zero"),
    ("low-precision", "NoBf16", r"decode fails on bf16 outputs .*; begin it with output.float\(\)"),
    ("low-precision", "NoBf16InLoss", r"loss fails on bf16 outputs .*; begin the loss with output.float\(\)"),
    (
        "low-precision",
        "OverflowsInBf16",
        r"loss of bf16 outputs is inf; begin the loss with output.float\(\)",
    ),
    ("one-by-one", "BatchStatistics", "differs by .* with the frames that share its batch"),
    ("same-seed", "OwnDice", "head.bias differ between two models of one seed; draw weights from torch's"),
    ("eval-mode", "Counts", "forward changes seen in eval mode; change buffers only"),
    ("eval-mode", "InPlace", "changes the frames that it is given"),
    ("eval-mode", "AlwaysDropsOut", "another output the second time"),
    ("saved-and-loaded", "ForgetsTheScale", "gives another output; keep whatever the output depends on"),
    ("saved-and-loaded", "TiedWeights", "does not save as safetensors .* share no tensor under two names"),
    ("loss", "LossOfEach", r"a Tensor of shape \(8,\); return one number"),
    ("loss", "NanLoss", "the loss of a training batch is nan; compute it in float32"),
    ("loss", "Detached", "the loss has no gradient"),
    (
        "gradients",
        "Unused",
        "aside.weight, aside.bias get no gradient; use them in forward, remove them, or freeze",
    ),
    ("gradients", "DeadBranch", "the gradients of dead.weight, dead.bias are all 0, also after a step"),
    ("gradients", "RootAtZero", "the gradients of .* are not finite; look for sqrt"),
    ("black-batch", "DividesByTheSpread", "the loss of black frames is nan"),
]


@pytest.mark.parametrize(("check", "factory", "message"), BROKEN, ids=lambda value: str(value)[:24])
def test_a_broken_model_is_told_what_to_change(check: str, factory: str, message: str) -> None:
    assert re.search(message, failure(check, entry_of(factory)))


def test_what_a_plugin_says_of_itself_is_checked() -> None:
    heavy = dataclasses.replace(PLUGIN, declared=Declarations(heavy=("torch",)))
    assert "importing sound_dist imports torch; let it only declare" in failure("torch-free", ENTRY, heavy)
    odd = dataclasses.replace(ENTRY, name="My_Net")
    assert "entry is called 'My_Net'; use lower-case words and hyphens: 'my-net'" in failure("names", odd)
    silent = entry_of(options={"width": Option(default=8, help=" ")})
    assert "option 'width' of family 'sound' has no help" in failure("options", silent)
    wrong = dataclasses.replace(ENTRY, options={"width": "8"})
    assert "the value must be int, not str '8'" in failure("options", wrong)
    free = dataclasses.replace(ENTRY, licence=None)
    assert "no licence is declared; write 'licence: MIT'" in failure("licence", free)


def test_landmarks_are_there_and_as_many_as_can_be_scored() -> None:
    assert "decode gives no landmarks" in failure("landmarks", entry_of("Sound", kind="landmark"))
    eight = failure("landmarks", entry_of("EightPoints", kind="landmark"))
    assert "8 landmarks cannot be spread evenly" in eight


def test_after_an_essential_check_has_failed_the_others_are_not_made() -> None:
    subject = Subject(ENTRY, PLUGIN, missing=("no_such_module",))
    assert "needs no_such_module; install it" in result_of("requirements", subject).message
    after = result_of("shapes", subject)
    assert (after.ok, after.message) == (None, "not looked at: 'requirements' failed")


def trained_by(trainer: str, **changed: Any) -> Entry:  # noqa: ANN401 - an Entry's fields
    where = trainer if ":" in trainer else f"tests.testing.models:{trainer}"
    return dataclasses.replace(entry_of(trainer=where), **changed)


OWN = "lvzoo.train.trainer:LoopTrainer"
"""A trainer that is known to train, as if it were a plugin's own."""


def test_own_trainers_are_run_for_an_epoch() -> None:
    assert "own-trainer" in [check.name for check in checks_for(trained_by(OWN))]
    assert "own-trainer" not in [check.name for check in checks_for(ENTRY)]
    assert result_of("own-trainer", Subject(trained_by(OWN), PLUGIN)).message == ""
    none = entry_of(trainer="tests.testing.models:Sound")
    assert "has no method 'fit'" in failure("factory", none)


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ("CountsFromZero", "one epoch was asked for; the trainer told 1 to on_epoch and returned 0"),
        ("TellsTooMuch", r"tells a val_dice of 0.990000, but the model that it returns has 0\."),
        ("NoLoss", "tells a train_loss of nan"),
        ("DoesNothing", "see that the trainer changes the weights"),
    ],
)
def test_own_trainers_that_do_not_train_or_do_not_tell_the_truth_are_noticed(
    trainer: str, message: str
) -> None:
    assert re.search(message, failure("own-trainer", trained_by(trainer)))


def test_whether_a_model_can_learn_is_asked_of_its_own_trainer() -> None:
    recipe = {"learning_rate": 0.01, "epochs": 3}
    sound = dataclasses.replace(entry_of("Points", kind="landmark", trainer=OWN), recipe=recipe)
    assert result_of("overfits", Subject(sound, PLUGIN)).message == ""
    idle = failure("overfits", trained_by("DoesNothing", recipe=recipe))
    assert "after 3 epochs of its own trainer on 8 frames its Dice there is 0." in idle


def test_a_model_that_cannot_learn_is_told_from_one_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Subject(entry_of("Points", kind="landmark"), PLUGIN)
    assert result_of("overfits", sound).message == ""
    assert result_of("landmark-order", sound).message == ""
    assert sound.overfitted.steps < MOST_STEPS, "it stops when it has learnt"
    monkeypatch.setattr("lvzoo.testing.subject.MOST_STEPS", 40)
    hopeless = failure("overfits", entry_of("LearnsTheOpposite"))
    assert "after 40 steps on 8 frames its Dice there is 0." in hopeless


def test_landmarks_out_of_order_are_noticed() -> None:
    backwards = failure("landmark-order", entry_of("BackwardsPoints", kind="landmark"))
    assert "fit the references better in reverse" in backwards


@pytest.mark.parametrize("factory", ["SwappedPoints", "HalvedPoints"])
def test_landmarks_that_are_elsewhere_than_the_mask_are_noticed(factory: str) -> None:
    far = failure("landmark-order", entry_of(factory, kind="landmark"))
    assert re.search(
        r"the masks fit, but the landmarks are \d+\.\d px from the references; give them in pixels", far
    )


def test_a_name_is_an_entry_a_family_or_a_plugin(install_plugin: Install) -> None:
    def entries(name: str) -> list[str]:
        return [subject.entry.name for subject in subjects(name)]

    assert entries("unet") == ["unet"], "the entry, though a family and a plugin are called so too"
    assert "landmark7" in entries("landmark-heatmap")
    assert {"landmark7"} < set(entries("landmarks"))
    assert entries("unet*") == ["unet", "unet-64", "unet-fast"]
    with pytest.raises(PluginError, match=r"unknown entry 'unett' \(did you mean 'unet'"):
        check_models("unett")
    with pytest.raises(PluginError, match="plugin 'core' has no entry to check"):
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
    [subject] = subjects(name)
    results = [perform(check, subject) for check in checks_for(subject.entry) if check.slow]
    assert [(each.name, each.message) for each in results if not each.ok] == []
