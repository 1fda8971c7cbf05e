"""If memory runs out in a trial, the error names the options that would save some; there need be no GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from lvzoo.errors import DataError
from lvzoo.registry import open_zoo
from lvzoo.trials import job
from lvzoo.types import Recipe, Trial


@pytest.mark.parametrize(
    ("device", "options"),
    [("cpu", ["--batch-size"]), ("cuda", ["--batch-size", "--per-gpu", "--device cpu"])],
)
def test_an_error_names_the_options_that_save_memory(
    device: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out_of_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(job, "_run", run_out_of_memory)
    monkeypatch.setattr(job, "choose_device", torch.device)
    trial = Trial(entry=open_zoo().select("unet")[0], data="toy", seed=0, recipe=Recipe(batch_size=512))
    settings = cast("Any", SimpleNamespace(trial=trial, device=device, threads=1))
    with pytest.raises(DataError, match="unet-s0 in batches of 512 frames") as raised:
        job._run_or_explain(settings, lambda _: None)
    known = ("--batch-size", "--per-gpu", "--device cpu")
    assert [option for option in known if option in str(raised.value)] == options
