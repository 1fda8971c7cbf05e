"""The page beside a weights file says what must be known before using it."""

from __future__ import annotations

import dataclasses

from lvzoo.weights import Rounding
from lvzoo.weights.page import render_card
from tests.made_weights import CARD, TRAINED_ON

REAL = dataclasses.replace(TRAINED_ON, name="echonet-dynamic", version="reader-1", synthetic=False)


def test_the_page_of_synthetic_weights_says_so_first() -> None:
    cost = Rounding(
        before=0.91, after=0.9099, agreement=0.9996, frames=12, data="phantom `smoke` (synthetic)"
    )
    page = render_card(
        dataclasses.replace(CARD, rounding=cost), file="small.safetensors", size_bytes=1_500_000
    )
    assert page.startswith(
        "# small: a small U-Net\n\n**Trained on simulated echocardiograms only: no patient's"
    )
    for part in (
        "| file | `small.safetensors`, 1.50 MB, safetensors |",
        "| trained on | synthetic phantom-v9; train 8 patients (16 frames); val 4 patients (8 frames); test 6 ",
        "| recipe | epochs 3, batch_size 16,",
        "| seed | 3; best epoch 2 |",
        "| test Dice (synthetic phantom-v9, clean frames) | 0.910 (ED 0.920, ES 0.900) |",
        "float16: Dice 0.9100 before, 0.9099 after, masks agree with Dice 0.9996 (12 test frames of the phantom",
        "```sh\nlvzoo train small --seed 3\n```",
        "Diagnosis, treatment or measurement of a patient",
        "Claims about real clips.",
    ):
        assert part in page, part


def test_the_page_of_other_weights_names_the_data_and_its_terms() -> None:
    page = render_card(
        dataclasses.replace(CARD, trained_on=REAL, commands=()), file="small.safetensors", size_bytes=1
    )
    assert "Trained on echonet-dynamic (reader-1). Weights carry traces" in page
    assert "simulated" not in page
    assert "Claims about real clips." not in page
    assert "How to make it again" not in page
    assert "four-chamber" not in page, "nobody knows what those frames show"


def test_the_page_says_where_a_training_started() -> None:
    for data, began in ((TRAINED_ON, "echocardiograms**"), (REAL, "Trained on echonet-dynamic (reader-1)")):
        card = dataclasses.replace(CARD, trained_on=data, started_from="weights imagenet")
        page = render_card(card, file="small.safetensors", size_bytes=1)
        assert (
            f"{began}, starting from pretrained weights (weights imagenet), which have training data" in page
        )
        assert "only" not in page.splitlines()[2]
