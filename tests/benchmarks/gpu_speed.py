"""Measures speeds on a GPU: the peak of matrix products, G1, training, testing and a whole noise sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lvzoo.device import choose_precision
from lvzoo.evaluate.evaluator import FrameEvaluator
from lvzoo.evaluate.predict import predict_batches
from lvzoo.interfaces import LVModel
from lvzoo.noise.corrupt import select_conditions
from lvzoo.noise.suite import NoiseV1
from lvzoo.trials.volumes import measure_predictions
from lvzoo.types import CLEAN, FRAME_SIZE_HW, Batch, FrameSet, Recipe
from tests.benchmarks.gpu_plan import (
    NO_TIME,
    Clock,
    EnoughError,
    Row,
    Size,
    build,
    make_frames,
    median_s,
    synchronise,
    train,
)

META = torch.device("meta")
EPOCHS = 20
SWEEP_FRAMES = 2_552
"""The labelled frames of EchoNet-Dynamic's test patients."""


class Stopwatch:
    """Measures the steps of a training, then ends it. It begins after some steps, when the GPU has warmed up."""

    def __init__(self, device: torch.device, *, warm_up: int, steps: int, window_s: float) -> None:
        self.device = device
        self.warm_up = warm_up
        self.steps = steps
        self.window_s = window_s
        self.step_s = float("nan")
        self._start_s = 0.0

    def on_batch(self, done: int, total: int, _loss: torch.Tensor) -> None:
        """Begin after the warm-up; end after the last step, or when the time is up."""
        if done == self.warm_up:
            self.begin()
        elif done > self.warm_up:
            count = done - self.warm_up
            if count >= self.steps or done == total or time.perf_counter() - self._start_s > self.window_s:
                synchronise(self.device)
                self.step_s = (time.perf_counter() - self._start_s) / count
                raise EnoughError

    def begin(self) -> None:
        """Start the watch."""
        synchronise(self.device)
        self._start_s = time.perf_counter()


def measure_speed(device: torch.device, size: Size, clock: Clock) -> Iterator[Row]:
    """Yield all rows about speed."""
    peak = measure_peak(device, size.matrix)
    precision = str(choose_precision(device)).removeprefix("torch.")
    yield Row(
        what=f"peak: product of two {precision} matrices, {size.matrix} wide", figure=f"{peak:.4g} TFLOP/s"
    )
    yield from measure_study(device, size, clock, peak)
    frames, tested = make_frames(size.frames), make_frames(size.tested_frames, seed=1)
    for name in size.names:
        model, recipe = build(name), Recipe(epochs=EPOCHS)
        step_s = time_step(model, name, frames, recipe, device=device, size=size, clock=clock)
        yield Row(
            what=f"training of `{name}`, batches of {recipe.batch_size}",
            figure=_write_speed(recipe.batch_size, step_s),
        )
        if clock.left_s() > 0:
            yield from measure_testing(model, name, tested, device)
    yield from measure_noise(size)


def measure_peak(device: torch.device, width: int) -> float:
    """Return the speed of a large matrix product in the device's best precision, in TFLOP/s."""
    precision = choose_precision(device)
    a, b = (torch.randn(width, width, device=device).to(precision) for _ in "ab")
    return 2e-12 * width**3 / median_s(lambda: a @ b, device, rounds=20)


def count_flops(name: str) -> int:
    """Return the floating-point operations of one training frame, forward and backward, without computing them."""
    model = build(name).to(META)
    rows, columns = FRAME_SIZE_HW
    batch = Batch(
        frames_B1HW=torch.zeros(2, 1, rows, columns, device=META),
        masks_BHW=torch.zeros(2, rows, columns, device=META, dtype=torch.bool),
        contours_BP2=torch.zeros(2, 121, 2, device=META),
    )
    assert isinstance(model, LVModel)
    with FlopCounterMode(display=False) as counter:
        model.loss(model(batch.frames_B1HW), batch).backward()  # type: ignore[no-untyped-call] # torch's
    return int(counter.get_total_flops()) // 2


def measure_study(device: torch.device, size: Size, clock: Clock, peak: float) -> Iterator[Row]:
    """Yield G1: the training of the original study's network, as a share of the peak, and projected to its length."""
    flops, frames = count_flops(size.study), make_frames(size.study_frames)
    for batch_size in size.study_batches:
        recipe = Recipe(epochs=EPOCHS, batch_size=batch_size)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        step_s = time_step(
            build(size.study), size.study, frames, recipe, device=device, size=size, clock=clock
        )
        what = f"G1: `{size.study}`, {flops / 1e9:.1f} GFLOP a training frame, batches of {batch_size}"
        if np.isnan(step_s):
            yield Row(what=what, figure=NO_TIME)
            continue
        reached = 1e-12 * flops * batch_size / step_s
        yield Row(
            what=what,
            figure=f"{_write_speed(batch_size, step_s)}, {reached:.3g} TFLOP/s, {reached / peak:.0%} of the peak",
            bound="at least 40 % on an H200" if device.type == "cuda" else "",
        )
        checkpoint_s = time_checkpoint(size.study, device)
        total_s = EPOCHS * (size.study_frames // batch_size * step_s + checkpoint_s)
        yield Row(
            what=f"{what}: {EPOCHS} epochs of {size.study_frames:,} frames, projected, without validation",
            figure=f"{total_s:.0f} s, {EPOCHS * checkpoint_s:.0f} s of it for checkpoints",
        )
        if device.type == "cuda":
            memory = torch.cuda.max_memory_allocated(device)
            yield Row(what=f"{what}: GPU memory", figure=f"{memory / 1e9:.1f} GB")


def time_step(
    model: nn.Module,
    name: str,
    frames: FrameSet,
    recipe: Recipe,
    *,
    device: torch.device,
    size: Size,
    clock: Clock,
) -> float:
    """Train the model of an entry, for less than an epoch. Return the seconds of a step; NaN if no time is left."""
    window_s = min(size.window_s, clock.left_s())
    in_epoch = len(frames) // recipe.batch_size - size.warm_up
    watch = Stopwatch(device, warm_up=size.warm_up, steps=min(size.steps, in_epoch), window_s=window_s)
    if window_s > 0:
        train(model, name, frames, recipe, device=device, on_batch=watch.on_batch)
    return watch.step_s


def time_checkpoint(name: str, device: torch.device) -> float:
    """Return the seconds between the last step of an epoch and the next epoch, without validation."""
    ended_s: list[float] = []

    def note_end(*_: object) -> None:
        synchronise(device)
        ended_s.append(time.perf_counter())

    recipe = Recipe(epochs=1)
    train(build(name), name, make_frames(2), recipe, device=device, on_batch=note_end, on_epoch=note_end)
    return ended_s[-1] - ended_s[-2]


def measure_testing(model: nn.Module, name: str, frames: FrameSet, device: torch.device) -> Iterator[Row]:
    """Yield the speed of predictions, of their scores, and of a whole sweep."""
    precision = choose_precision(device)
    evaluator = FrameEvaluator(device, precision, measure_predictions)
    predict_s = median_s(
        lambda: list(predict_batches(model, frames.frames_NHW, device=device, precision=precision)),
        device,
        rounds=1,
    )
    score_s = median_s(lambda: evaluator.score(model, frames, CLEAN), device, rounds=1)
    yield Row(what=f"masks of `{name}`", figure=_write_speed(len(frames), predict_s))
    yield Row(what=f"masks of `{name}` and all scores", figure=_write_speed(len(frames), score_s))
    conditions = len(select_conditions(NoiseV1()))
    yield Row(
        what=f"noise sweep of `{name}`, {SWEEP_FRAMES:,} frames x {conditions} conditions, projected",
        figure=f"{score_s / len(frames) * SWEEP_FRAMES * conditions:.0f} s",
    )


def measure_noise(size: Size) -> Iterator[Row]:
    """Yield the time of making the noisy frames, which is done on the CPU, once for all models."""
    suite, frames = NoiseV1(), make_frames(size.noisy_frames)
    noisy = select_conditions(suite)[1:]
    start_s = time.perf_counter()
    for n, frame_HW in enumerate(frames.frames_NHW):
        for condition in noisy:
            suite.corrupt(np.asarray(frame_HW), condition, video="v", frame=n, sector=frames.sectors[n])
    frame_s = (time.perf_counter() - start_s) / len(frames)
    yield Row(
        what=f"noise-v1 of {SWEEP_FRAMES:,} frames, made by one process on the CPU, projected",
        figure=f"{frame_s * SWEEP_FRAMES:.0f} s",
    )


def _write_speed(frames: int, seconds: float) -> str:
    return NO_TIME if np.isnan(seconds) else f"{frames / seconds:,.0f} frames/s"
