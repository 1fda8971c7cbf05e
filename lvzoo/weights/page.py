"""Writes the card of a weights file as a page of Markdown, which is kept beside the file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from lvzoo.weights.calibration import name_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lvzoo.weights.calibration import Calibration
    from lvzoo.weights.card import WeightsCard

KINDS: Final = {"mask": "a mask", "landmark": "landmarks"}
SYNTHETIC: Final = "**Trained on simulated echocardiograms only: no patient's image was used.**"
CALIBRATED: Final = (
    "after the training, one number was fitted to {} of {}; it moves the border of the model to where readers traced "
    "it there"
)
MIXED: Final = (
    "**Trained on simulated echocardiograms**{}. The figures of the calibration come from {}, and all others from "
    "simulated patients."
)
STARTED: Final = (
    ", starting from pretrained weights ({}), which have training data and a licence of their own"
)
ELSEWHERE: Final = (
    "**Trained elsewhere**, by other code than lvzoo. Its author says on what: {}. lvzoo has not seen these data, so "
    "nobody but the author knows whether a patient on whom it is tested was among them."
)
NO_EVIDENCE: Final = "All figures below come from simulated patients. They are no evidence about real ones."
NOT_FOR: Final = (
    "Diagnosis, treatment or measurement of a patient: this is research software, not a medical device.",
)
NOT_FOR_SYNTHETIC: Final = (
    "Views other than the apical four-chamber view, or frames that are not cropped to their sector.",
    (
        "Claims about real clips. Measure its Dice on your own: `lvzoo eval FILE --data DIR` scores it on a folder "
        "of traced frames."
    ),
)
NOT_FOR_OTHER: Final = ("Views, machines or croppings that its training data do not contain.",)
ROUNDED_PX: Final = 0.005
"""Smaller distances are printed as 0.00 px."""
TERMS: Final = (
    "Weights carry traces of their training data. Read the terms of that data set before you pass them on."
)


def render_card(card: WeightsCard, *, file: str, size_bytes: int) -> str:
    """Return the page of a card. `file` is the name of the weights file."""
    return "\n".join(_lines(card, file, size_bytes)) + "\n"


def describe_dice(card: WeightsCard) -> Iterator[tuple[str, str]]:
    """Yield pairs of a label, which names the frames, and the Dice on them. All frames are clean."""
    where = f"{card.trained_on}, clean frames"
    dice = card.dice
    phases = ", ".join(
        f"{name} {value:.3f}"
        for name, value in (("ED", dice.test_ed), ("ES", dice.test_es), ("other frames", dice.test_other))
        if value is not None
    )
    if dice.test is not None:
        yield f"test Dice ({where})", f"{dice.test:.3f}{f' ({phases})' if phases else ''}"
    if dice.val is not None:
        yield f"validation Dice ({where}), by which the epoch was chosen", f"{dice.val:.3f}"


def describe_training(card: WeightsCard) -> Iterator[tuple[str, str]]:
    """Yield pairs of a label and a text: the recipe and the seed, which are not known if it was trained elsewhere."""
    if card.trained_on.elsewhere:
        yield "recipe", "not known: the model was trained elsewhere"
        return
    yield "recipe", ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(card.recipe).items())
    yield "seed", f"{card.seed}; best epoch {card.best_epoch}"


def describe_rounding(card: WeightsCard) -> str:
    """Return a sentence on the cost of rounding to float16."""
    if card.rounding is None:
        return "none: the weights are as they were trained"
    cost = card.rounding
    blank = f", without {cost.empty} on which both are empty" if cost.empty else ""
    return (
        f"float16: Dice {cost.before:.4f} before, {cost.after:.4f} after, masks agree with Dice {cost.agreement:.4f} "
        f"({cost.frames} test frames of the {cost.data}{blank})"
    )


def describe_calibrated(calibration: Calibration) -> str:
    """Return what it means that a model is calibrated, and on what it was."""
    return CALIBRATED.format(_count(calibration.frames, calibration.patients), name_data(calibration))


def describe_calibration(calibration: Calibration) -> Iterator[tuple[str, str]]:
    """Yield pairs of a label and a text: the number, its effect on the border and on the Dice, and its data."""
    it = calibration
    shift = f"{describe_move(it.shift_px)} ({describe_span(it.shift_px, it.shift_half_px)})"
    yield "border", f"{describe_number(it)}, which moves the border by {shift}"
    source = f"the {it.split} split of {name_data(it)}, fingerprint `{it.fingerprint}`"
    made = f"from the weights `{it.weights}`, with lvzoo {it.lvzoo}"
    yield "calibrated on", f"{_count(it.frames, it.patients)} of {source}; {made}"
    check = it.check
    dice = f"Dice {check.dice_before:.3f} before, {check.dice_after:.3f} after"
    gap = f"{describe_gap(check.distance_before_px)} before, {describe_gap(check.distance_after_px)} after"
    if check.crossed:
        where = "the frames of the calibration, each patient with the number that the others give"
    else:
        where = f"{_count(check.frames, check.patients)}, none of them used for the calibration"
    yield "effect", f"{dice}; border {gap} ({where})"


def describe_number(calibration: Calibration) -> str:
    """Return what the number of a calibration does to the output of the model."""
    if calibration.unit == "logit":
        return f"{calibration.number:+.2f} is added to the logits"
    return f"the landmarks are moved {describe_move(calibration.number)} along the normal of their curve"


def describe_gap(distance_px: float) -> str:
    """Return how far a border lies from the tracings, in words.

    >>> describe_gap(-0.5), describe_gap(0.001)
    ('0.50 px inside the tracings', 'on the tracings')
    """
    if is_zero(distance_px):
        return "on the tracings"
    return f"{abs(distance_px):.2f} px {'inside' if distance_px < 0 else 'outside'} the tracings"


def describe_move(shift_px: float) -> str:
    """Return how far a border is moved, and to which side.

    >>> describe_move(-0.14), describe_move(0.001)
    ('0.14 px inwards', '0.00 px')
    """
    return f"{abs(shift_px):.2f} px" if is_zero(shift_px) else f"{abs(shift_px):.2f} px {_side(shift_px)}"


def describe_span(shift_px: float, half_px: float) -> str:
    """Return the 95 % interval of a move, from its end that is nearer to the inside.

    >>> describe_span(-0.14, 0.65), describe_span(0.3, 0.2)
    ('95 % interval: 0.79 px inwards to 0.51 px outwards', '95 % interval: 0.10 to 0.50 px outwards')
    """
    low, high = shift_px - half_px, shift_px + half_px
    ends = f"{describe_move(low)} to {describe_move(high)}"
    if low * high > 0 and not (is_zero(low) or is_zero(high)):
        ends = f"{abs(low):.2f} to {describe_move(high)}"
    return f"95 % interval: {ends}"


def is_zero(distance_px: float) -> bool:
    """Return whether a distance is 0.00 px where it is printed."""
    return abs(distance_px) < ROUNDED_PX


def _side(shift_px: float) -> str:
    return "inwards" if shift_px < 0 else "outwards"


def _count(frames: int, patients: int) -> str:
    return f"{frames:,} frames of {patients:,} patients"


def describe_splits(card: WeightsCard) -> str:
    """Return the number of patients and frames of each split."""
    counts = (
        f"{split} {each.patients:,} patients ({each.frames:,} frames)"
        for split, each in card.trained_on.splits.items()
    )
    return "; ".join(counts) or "size not known"


def _lines(card: WeightsCard, file: str, size_bytes: int) -> Iterator[str]:
    trained = card.trained_on
    yield f"# {card.entry}{', calibrated' if card.calibration else ''}: {card.summary}"
    if card.calibration:
        yield from ("", f"**Calibrated**: {describe_calibrated(card.calibration)}.")
    yield from ("", _describe_origin(card))
    yield from ("", "| | |", "|---|---|")
    for name, value in _facts(card, file, size_bytes):
        yield f"| {name} | {value.replace('|', '&#124;')} |"
    if card.commands:
        yield from ("", "## How to make it again", "", "```sh", *card.commands, "```")
    yield from ("", "## What it is not for", "")
    yield from (
        f"- {line}" for line in (*NOT_FOR, *(NOT_FOR_SYNTHETIC if trained.synthetic else NOT_FOR_OTHER))
    )


def _describe_origin(card: WeightsCard) -> str:
    """Return a paragraph on the training data."""
    start = STARTED.format(card.started_from) if card.started_from else ""
    if card.trained_on.elsewhere:
        return f"{ELSEWHERE.format(card.trained_on.name)} {TERMS}"
    if not card.trained_on.synthetic:
        return f"Trained on {card.trained_on}{start}. {TERMS}"
    if card.calibration is not None and not card.calibration.synthetic:
        return MIXED.format(start, name_data(card.calibration))
    return f"{f'**Trained on simulated echocardiograms**{start}.' if start else SYNTHETIC} {NO_EVIDENCE}"


def _facts(card: WeightsCard, file: str, size_bytes: int) -> Iterator[tuple[str, str]]:
    yield "file", f"`{file}`, {size_bytes / 1e6:.2f} MB, safetensors"
    yield "predicts", KINDS[card.kind]
    options = ", ".join(f"{name} {value}" for name, value in card.options.items())
    yield "network", f"family `{card.family}` of plugin `{card.plugin}`: {options or 'no options'}"
    fingerprint = card.trained_on.fingerprint
    known = f"; fingerprint `{fingerprint}`" if fingerprint else ""
    yield "trained on", f"{card.trained_on}; {describe_splits(card)}{known}"
    yield from describe_training(card)
    yield from describe_dice(card)
    yield "rounding", describe_rounding(card)
    if card.calibration is not None:
        yield from describe_calibration(card.calibration)
    computed = (f"{name} {value}" for name, value in card.computed.items() if name != "lvzoo")
    made = "card written with" if card.trained_on.elsewhere else "trained with"
    yield made, ", ".join([f"lvzoo {card.lvzoo}", *computed])
    yield "paper", card.paper or "not given"
    yield "licence", card.licence or "not given"
