"""Fits the estimate of a clip's noise and writes its numbers: `python -m tests.noise.fit_estimate PHANTOM`.

PHANTOM is the folder of `lvzoo data phantom PHANTOM --size small`. The fit reads the clips of its train split; those
of its validation split decide how sure the probabilities are. It takes about two minutes of one core.

Letters: M clips, K frames, F figures, U units, C conditions.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import lvzoo
from lvzoo.noise.apply import suite_digest
from lvzoo.noise.estimate import CARD, FARTHEST, NUMBERS, NoiseModel
from lvzoo.noise.suite import NoiseV1
from lvzoo.types import CLEAN, Condition
from tests.noise.noisy_clips import NoisyClips, list_conditions, list_videos, make_noisy_clips

UNITS: Final = 96
EPOCHS: Final = 100
BATCH: Final = 128
WEIGHT_DECAY: Final = 0.1
CLEAN_SHARE: Final = 1 / 6
"""The prior probability of clean, as if all severities from 0 to 5 were equally likely."""
ODD_SHARE: Final = 0.01
"""The share of the held clips that counts as odd."""
LOADING: Final = 0.05
"""Added to the variance of every direction, so that the rare ones do not decide what is odd."""


def fit(clips: NoisyClips, held: NoisyClips, *, seed: int = 0) -> NoiseModel:
    """Return the estimate that is fitted to clips; those held back decide the temperature and what is odd."""
    conditions = [each for each in list_conditions(NoiseV1()) if each in set(clips.conditions)]
    centre_F = clips.figures_MKF.mean(axis=(0, 1))
    scale_F = clips.figures_MKF.std(axis=(0, 1)) + 1e-6
    wanted_M = torch.tensor([conditions.index(each) for each in clips.conditions])
    figures_MKF = torch.from_numpy(np.clip((clips.figures_MKF - centre_F) / scale_F, -FARTHEST, FARTHEST))
    network = _train(figures_MKF, wanted_M, _weigh(conditions, wanted_M), seed=seed)
    hidden, output = network[0], network[-1]
    assert isinstance(hidden, nn.Linear)
    assert isinstance(output, nn.Linear)
    heat = _find_heat(network, held, conditions, centre_F, scale_F)
    whitening_FF, middle_CF, usual_C = _whiten(
        figures_MKF.numpy().mean(axis=1), wanted_M.numpy(), len(conditions)
    )
    numbers: dict[str, Any] = {
        "centre_F": centre_F,
        "scale_F": scale_F,
        "hidden_FU": hidden.weight.detach().numpy().T,
        "hidden_U": hidden.bias.detach().numpy(),
        "output_UC": output.weight.detach().numpy().T / heat,
        "output_C": output.bias.detach().numpy() / heat,
        "whitening_FF": whitening_FF,
        "middle_CF": middle_CF,
        "usual_C": usual_C,
    }
    model = NoiseModel(
        suite=NoiseV1().name,
        names=clips.names,
        conditions=tuple(conditions),
        **{name: np.ascontiguousarray(each, dtype=np.float32) for name, each in numbers.items()},
    )
    usual = np.quantile(model.measure_oddity(held.means_MF), 1 - ODD_SHARE)
    return replace(model, usual_C=(usual * model.usual_C).astype(np.float32))


def _weigh(conditions: list[Condition], wanted_M: torch.Tensor) -> torch.Tensor:
    """Return the weight of each condition's clips in the loss, so that the prior is that of CLEAN_SHARE."""
    others = (1 - CLEAN_SHARE) / (len(conditions) - 1)
    prior_C = torch.tensor([CLEAN_SHARE if each == CLEAN else others for each in conditions])
    count_C = torch.bincount(wanted_M, minlength=len(conditions)).clamp(min=1)
    return prior_C * len(wanted_M) / count_C


def _train(
    figures_MKF: torch.Tensor, wanted_M: torch.Tensor, weight_C: torch.Tensor, *, seed: int
) -> nn.Sequential:
    """Return a network of one hidden layer. Each clip is seen by the mean of one to K of its frames."""
    torch.manual_seed(seed)
    count, most, figures = figures_MKF.shape
    network = nn.Sequential(
        nn.Linear(figures, UNITS), nn.ReLU(), nn.Dropout(0.1), nn.Linear(UNITS, len(weight_C))
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(weight=weight_C)
    for _ in range(EPOCHS):
        for chosen in torch.split(torch.randperm(count), BATCH):
            kept_BK = torch.rand(len(chosen), most) < torch.rand(len(chosen), 1)
            kept_BK[torch.arange(len(chosen)), torch.randint(most, (len(chosen),))] = True
            share_BK = kept_BK / kept_BK.sum(dim=1, keepdim=True)
            seen_BF = (figures_MKF[chosen] * share_BK[..., None]).sum(dim=1)
            loss = loss_of(network(seen_BF), wanted_M[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def _find_heat(
    network: nn.Sequential,
    held: NoisyClips,
    conditions: list[Condition],
    centre_F: NDArray[np.float32],
    scale_F: NDArray[np.float32],
) -> float:
    """Return the number to divide the logits by, with which the probabilities fit other clips best."""
    known = held.take(np.array([each in conditions for each in held.conditions]))
    wanted_M = torch.tensor([conditions.index(each) for each in known.conditions])
    seen_MF = np.clip((known.means_MF - centre_F) / scale_F, -FARTHEST, FARTHEST).astype(np.float32)
    with torch.no_grad():
        logits_MC = network(torch.from_numpy(seen_MF))
    loss_of = nn.CrossEntropyLoss(weight=_weigh(conditions, wanted_M))
    heats = np.geomspace(0.5, 4.0, 61).tolist()
    return float(min(heats, key=lambda heat: float(loss_of(logits_MC / heat, wanted_M))))


def _whiten(
    seen_MF: NDArray[np.float32], wanted_M: NDArray[np.int64], conditions: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix that makes figures uncorrelated within a condition; then each condition's mean and spread."""
    middle_CF = np.stack([seen_MF[wanted_M == c].mean(axis=0) for c in range(conditions)])
    within_MF = seen_MF - middle_CF[wanted_M]
    variance_F, axes_FF = np.linalg.eigh(within_MF.T @ within_MF / len(seen_MF))
    whitening_FF = axes_FF / np.sqrt(variance_F + LOADING)
    distance_M = np.linalg.norm(within_MF @ whitening_FF, axis=1)
    spread_C = np.array([_spread(distance_M[wanted_M == c]) for c in range(conditions)])
    return whitening_FF, middle_CF @ whitening_FF, spread_C


def _spread(distance_N: NDArray[np.float64]) -> float:
    """Return a distance that few of some exceed."""
    return float(distance_N.mean() + 2 * distance_N.std())


def write(model: NoiseModel, phantom: Path) -> None:
    """Write the numbers and their card into lvzoo/noise/."""
    numbers: dict[str, Any] = {
        name: each for name, each in asdict(model).items() if isinstance(each, np.ndarray)
    }
    np.savez_compressed(NUMBERS, **numbers)
    card = {
        "what": "estimates which corruption of a noise suite a clip has, and how strong",
        "suite": model.suite,
        "suite digest": suite_digest(NoiseV1()),
        "lvzoo": lvzoo.__version__,
        "made by": "python -m tests.noise.fit_estimate PHANTOM",
        "fitted to": {
            **json.loads((phantom / "SYNTHETIC.json").read_text(encoding="utf-8")),
            "split": "train",
        },
        "synthetic": True,
        "numbers": sum(each.size for each in numbers.values()),
        "sha256": hashlib.sha256(NUMBERS.read_bytes()).hexdigest(),
        "conditions": [f"{each.corruption} {each.severity}" for each in model.conditions],
        "figures": list(model.names),
    }
    CARD.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def main(phantom: Path) -> None:
    """Fit the estimate to a phantom and write it."""
    clips = make_noisy_clips(list_videos(phantom, "train"), conditions=13, changed=True)
    held = make_noisy_clips(list_videos(phantom, "val"), conditions=12, changed=True, seed=1)
    write(fit(clips, held), phantom)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
