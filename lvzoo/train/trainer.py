"""The training loop, in the order things happen. One loop for masks and landmarks, CPU and CUDA."""

from __future__ import annotations

import logging
import math
import pickle
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import nn

from lvzoo.device import autocast, choose_precision
from lvzoo.errors import LvzooError
from lvzoo.files import atomic_file
from lvzoo.interfaces import LVModel
from lvzoo.train.augment import augment, choose_augmentation
from lvzoo.train.average import FollowingModel, average_weights
from lvzoo.train.memory import FramesInMemory
from lvzoo.types import Epoch, Fitted, FrameSet, OnBatch, OnEpoch, Recipe, ScoreModel, Trial

CHECKPOINT = "last.pt"
WITH_STATE_DICT: Final = ("model", "averaged", "optimiser", "schedule", "scaler")
GENERATORS: Final = ("shuffle", "draw")
log = logging.getLogger(__name__)


class LoopTrainer:
    """The default trainer: AdamW, a one-cycle schedule, averaged weights, and those of the best epoch."""

    def fit(
        self,
        model: nn.Module,
        train: FrameSet,
        val: FrameSet,
        recipe: Recipe,
        trial: Trial,
        *,
        score: ScoreModel,
        device: torch.device,
        checkpoints: Path,
        on_epoch: OnEpoch,
        on_batch: OnBatch | None = None,
    ) -> Fitted:
        """Train a model, or resume its training; return it with the weights of its best epoch by `score` on `val`.

        Raises:
            LvzooError: the loss is no longer finite.
        """
        # frames, model and state; a checkpoint replaces the state
        ranges = choose_augmentation(recipe.augment)
        data = FramesInMemory(train, device)
        model.to(device).to(memory_format=torch.channels_last)
        steps = data.steps(recipe.batch_size)
        state = _State.fresh(model, recipe, steps=steps, seed=trial.seed, device=device)
        state.resume(checkpoints / CHECKPOINT)

        for epoch in range(len(state.history) + 1, recipe.epochs + 1):
            # one pass over the training frames
            started = time.perf_counter()
            model.train()
            losses: list[torch.Tensor] = []
            for step, batch in enumerate(data.batches(recipe.batch_size, state.shuffle), start=1):
                if ranges is not None:
                    batch = augment(batch, ranges, state.draw)  # noqa: PLW2901 - the batch, augmented
                frames_B1HW = batch.frames_B1HW.contiguous(memory_format=torch.channels_last)
                with autocast(device, state.precision):
                    output = model(frames_B1HW)
                loss = cast("LVModel", model).loss(output, batch)  # outside autocast: losses need float32
                state.descend(loss, recipe.clip_norm)
                losses.append(loss.detach())
                if on_batch is not None:
                    on_batch((epoch - 1) * steps + step, recipe.epochs * steps, losses[-1])

            # losses stay on the device until here, so that no step waits for one
            train_loss = float(torch.stack(losses).mean())
            if not math.isfinite(train_loss):
                raise LvzooError(
                    f"the training loss is {train_loss} in epoch {epoch}; "
                    "lower --learning-rate, or check the loss of the model"
                )

            # validate the averaged weights, keep them if they are the best, and save a checkpoint
            seconds = time.perf_counter() - started
            val_dice = score(state.averaged.module, val)
            done = Epoch(epoch=epoch, train_loss=train_loss, val_dice=val_dice, seconds=seconds)
            state.finish(done)
            state.save(checkpoints / CHECKPOINT)
            on_epoch(done)

        model.load_state_dict(state.best_weights)
        return Fitted(model=model, history=tuple(state.history), best_epoch=state.best_epoch)


@dataclass(kw_only=True, slots=True)
class _State:
    """Everything that a resumed training needs to give the same result as an uninterrupted one."""

    model: nn.Module
    averaged: FollowingModel
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    scaler: torch.amp.GradScaler
    precision: torch.dtype
    shuffle: torch.Generator
    draw: torch.Generator
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def fresh(
        cls, model: nn.Module, recipe: Recipe, *, steps: int, seed: int, device: torch.device
    ) -> _State:
        """Return the state before the first epoch."""
        optimiser = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=recipe.learning_rate,
            total_steps=steps * recipe.epochs + 1,
            pct_start=recipe.warmup,
        )
        precision = choose_precision(device, recipe.precision)
        torch.manual_seed(seed)  # dropout uses the global generator; the caller isolates it
        return cls(
            model=model,
            averaged=average_weights(model, share=recipe.averaging, steps=steps * recipe.epochs),
            optimiser=optimiser,
            schedule=schedule,
            scaler=torch.amp.GradScaler(device.type, enabled=precision == torch.float16),
            precision=precision,
            shuffle=torch.Generator().manual_seed(seed),
            draw=torch.Generator(device).manual_seed(seed),
        )

    def descend(self, loss: torch.Tensor, clip_norm: float) -> None:
        """Take one optimiser step, with the gradient clipped to a norm."""
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        self.scaler.unscale_(self.optimiser)
        nn.utils.clip_grad_norm_(self.model.parameters(), clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.schedule.step()
        self.averaged.update_parameters(self.model)

    def _device_and_precision(self) -> str:
        """Return the device type and precision, which must not change: random streams and scaler depend on them."""
        return f"{self.draw.device.type} in {str(self.precision).removeprefix('torch.')}"

    def finish(self, done: Epoch) -> None:
        """Record a finished epoch, and its weights if it is the best so far."""
        best_so_far = max((each.val_dice for each in self.history), default=float("-inf"))
        self.history.append(done)
        if done.val_dice > best_so_far or not self.best_weights:
            self.best_epoch = done.epoch
            weights = self.averaged.module.state_dict()
            self.best_weights = {name: tensor.detach().clone() for name, tensor in weights.items()}

    def save(self, path: Path) -> None:
        """Write the state to a file, atomically."""
        state = {
            "computed": self._device_and_precision(),
            "best_weights": self.best_weights,
            "best_epoch": self.best_epoch,
            **{name: getattr(self, name).state_dict() for name in WITH_STATE_DICT},
            **{name: getattr(self, name).get_state() for name in GENERATORS},
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(self.draw.device) if self.draw.device.type == "cuda" else None,
            "history": [asdict(epoch) for epoch in self.history],
        }
        # not a path: torch would hide a full disk behind its own error
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            torch.save(state, file)

    def resume(self, path: Path) -> None:
        """Restore a saved state, if there is one. Only tensors and plain values are read."""
        if not path.exists():
            return
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            log.warning("%s: damaged (%s); training starts again", path, str(error).partition("\n")[0])
            return
        if state["computed"] != self._device_and_precision():
            was, here = state["computed"], self._device_and_precision()
            log.warning("%s: computed on %s, but this is %s; training starts again", path, was, here)
            return
        for name in WITH_STATE_DICT:
            getattr(self, name).load_state_dict(state[name])
        for name in GENERATORS:
            getattr(self, name).set_state(state[name])
        torch.set_rng_state(state["torch"])
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"], self.draw.device)
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.best_epoch = state["best_epoch"]
        self.best_weights = state["best_weights"]
