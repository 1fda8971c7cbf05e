"""Checkpoints of other code are read without running code, and without what training programs add to them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lvzoo.errors import DataError
from lvzoo.weights.checkpoint import read_checkpoint


def conv() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv2d(1, 2, 3)


def check(path: Path) -> None:
    """Check that a checkpoint holds the tensors of `conv`, by their own names."""
    read, wanted = read_checkpoint(path), conv().state_dict()
    assert read.keys() == wanted.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in wanted.items())


def test_a_state_dict_is_found_alone_or_among_what_training_adds(tmp_path: Path) -> None:
    network = nn.DataParallel(conv())
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network(torch.zeros(1, 1, 4, 4)).sum().backward()
    state = conv().state_dict()
    whole = {
        "epoch": 3,
        "state_dict": network.state_dict(),
        "best_loss": np.float64(0.3),
        "loss": np.float32(0.2),
        "opt_dict": optimiser.state_dict(),
    }
    path = tmp_path / "best.pt"
    for content in (
        state,
        whole,
        {"model_state_dict": state},
        {"_orig_mod." + k: v for k, v in state.items()},
        {"_orig_mod.module." + k: v for k, v in state.items()},
        {"module._orig_mod." + k: v for k, v in state.items()},
    ):
        torch.save(content, path)
        check(path)
    torch.save(whole, path, _use_new_zipfile_serialization=False)  # as torch wrote it before version 1.6
    check(path)
    save_file(state, tmp_path / "best.safetensors")
    check(tmp_path / "best.safetensors")


def test_numbers_are_read_as_numpy_1_wrote_them(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    content = {"state_dict": conv().state_dict(), "loss": np.float64(0.3)}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    assert b"cnumpy._core.multiarray\n" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"cnumpy._core.", b"cnumpy.core."))
    check(path)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("import sys; sys.lvzoo_was_run = True",)


@pytest.mark.parametrize("beside", [True, False])
def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, *, beside: bool) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"state_dict": conv().state_dict(), "x": Evil()} if beside else Evil(), path)
    with pytest.raises(DataError, match=r"evil\.pt: not read, since .* could run code \(.*exec") as caught:
        read_checkpoint(path)
    assert not hasattr(sys, "lvzoo_was_run")
    assert "weights_only" not in str(caught.value), "no advice to run it after all"
    assert "\n" not in str(caught.value)


def test_a_whole_module_is_refused_with_what_to_ask_for(tmp_path: Path) -> None:
    torch.save(conv(), tmp_path / "whole.pt")
    with pytest.raises(
        DataError, match=r"whole\.pt: not read, .*Conv2d.*ask its author for the state_dict alone"
    ):
        read_checkpoint(tmp_path / "whole.pt")


def test_files_without_tensors_and_damaged_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "odd.pt"
    with pytest.raises(DataError, match=r"odd\.pt: cannot be read"):
        read_checkpoint(path)
    for content, what in (
        ({"epoch": 3}, "no tensors of a network, but epoch"),
        ([1], "a list and no tensors"),
    ):
        torch.save(content, path)
        with pytest.raises(DataError, match=f"odd.pt: holds {what}"):
            read_checkpoint(path)
    torch.save(conv().state_dict(), path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:200], b"not a checkpoint", whole[:300] + whole[400:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"odd\.pt: ") as caught:
            read_checkpoint(path)
        assert "\n" not in str(caught.value)
    (tmp_path / "odd.safetensors").write_bytes(b"none")
    with pytest.raises(DataError, match=r"odd\.safetensors: damaged"):
        read_checkpoint(tmp_path / "odd.safetensors")
