"""Prints the trust tables of docs/clinic.md: `python -m tests.clinic.figures_trust`, about 15 minutes on one core.

With `--write` it also writes the numbers that lvzoo ships. It needs the phantom `beats` of seed 0 and the phantoms of
`lvzoo transfer` of seed 1, and makes them if they are not in the cache. `--keep DIR` keeps what was measured of the
frames, so that a second call is fast.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from lvzoo.clinic.evidence import EVIDENCE
from lvzoo.clinic.expected import DiceFit
from lvzoo.clinic.trust import find_no_echo, judge_frames
from lvzoo.clinic.trust_fit import SITUATIONS, KnownFrames, fit_dice
from lvzoo.clinic.trust_numbers import SHIPPED, TrustModel, read_trust_model, write_trust_model
from lvzoo.data.clips.clip import ClipFile
from lvzoo.data.clips.facts import FramesRead
from lvzoo.data.clips.recognise import open_clip
from lvzoo.data.clips.view import find_view
from lvzoo.device import choose_device
from lvzoo.noise.suite import NoiseV1
from lvzoo.phantom.files import TRUTH
from lvzoo.phantom.ranges import SHIFTS
from lvzoo.phantom.write import cached_phantom
from lvzoo.types import CLEAN, Condition, Kind
from lvzoo.types.answer import LEAST_DICE, ClipAnswer
from lvzoo.workflows.clip_answer import AnswerMaker, ClipFacts
from lvzoo.workflows.fit_trust import (
    SEED,
    SIZE,
    JudgedClip,
    TrustWorkbench,
    deal_conditions,
    join_frames,
    list_clips,
    make_trust_model,
    measure_decoded,
    open_pair,
)
from tests.clinic.made_pictures import make_pictures

COMMAND: Final = "python -m tests.clinic.figures_trust --write"
CLIPS: Final = 639
"""Nine of each of the 71 conditions of the fit; clean counts six times."""
BEAT_CLIPS: Final = 100
SHIFTED_CLIPS: Final = 24
"""Of other phantoms. Every second clip is clean."""
PICTURES: Final = (1, 2)
"""The seeds of the pictures. The weights of `measure_likeness` were chosen on those of seed 0."""
FOLDS: Final = 5
BINS: Final = 8
RIVALS: Final = ("agreement", "border", "confidence", "solidity")


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedSet:
    """The frames of one phantom, and the condition of each."""

    frames: Mapping[Kind, KnownFrames]
    corruptions_N: NDArray[np.str_]
    severities_N: NDArray[np.int64]


def main() -> None:
    """Fit, and print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the numbers that lvzoo ships")
    parser.add_argument("--keep", type=Path, help="a folder for what was measured of the frames")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--beat-clips", type=int, default=BEAT_CLIPS)
    parser.add_argument("--shifted-clips", type=int, default=SHIFTED_CLIPS)
    options = parser.parse_args()
    bench = make_bench()
    fitted = gather(bench, SIZE, SEED, None, options.clips, options.keep, write=options.write)
    model = read_trust_model()
    print_scores(fitted)
    print_bins(fitted)
    print_left_out(fitted)
    print_situations(fitted)
    others = {"whole beats": gather(bench, "transfer-beats", 1, None, options.beat_clips, options.keep)}
    for shift in SHIFTS:
        others[shift] = gather(bench, "transfer", 1, shift, options.shifted_clips, options.keep)
    print_others(model, others)
    print_no_echo(model, bench, {"the phantom of the fit": fitted, **others})
    print_verdicts(model, bench, options.beat_clips)


def make_bench() -> TrustWorkbench:
    """Return the two bundled models."""
    return TrustWorkbench(open_pair(), NoiseV1(), choose_device("cpu"))


def gather(
    bench: TrustWorkbench,
    size: str,
    seed: int,
    shift: str | None,
    clips: int,
    keep: Path | None = None,
    *,
    write: bool = False,
) -> JudgedSet:
    """Return the frames of the first test clips of a phantom, each clip under one condition.

    `write` also writes the numbers that lvzoo ships, fitted to these frames.
    """
    kept = None if keep is None else keep / f"{size}-{seed}-{shift}-{clips}.npz"
    if kept is not None and kept.exists() and not write:
        return _read_kept(kept)
    phantom = cached_phantom(size=size, seed=seed, shift=shift)
    conditions = deal_conditions(bench.suite, clips)
    if (size, seed, shift) != (SIZE, SEED, None):
        conditions[::2] = [CLEAN] * len(conditions[::2])
    judged = bench.judge_clips(phantom, conditions)
    if write:
        write_trust_model(SHIPPED, make_trust_model(bench, phantom, judged, command=COMMAND))
    found = join_set(judged)
    if kept is not None:
        _write_kept(kept, found)
    return found


def join_set(judged: Sequence[JudgedClip]) -> JudgedSet:
    """Return the frames of all clips, with their conditions."""
    counts = [len(clip.frames["mask"].dice_N) for clip in judged]
    return JudgedSet(
        frames=join_frames(judged),
        corruptions_N=np.repeat([clip.condition.corruption for clip in judged], counts),
        severities_N=np.repeat([clip.condition.severity for clip in judged], counts),
    )


def _write_kept(path: Path, found: JudgedSet) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{kind}-{name}": getattr(frames, name)
        for kind, frames in found.frames.items()
        for name in ("evidence_NF", "dice_N", "clips_N")
    }
    np.savez_compressed(path, corruptions_N=found.corruptions_N, severities_N=found.severities_N, **arrays)


def _read_kept(path: Path) -> JudgedSet:
    kinds: tuple[Kind, ...] = ("mask", "landmark")
    with np.load(path) as arrays:
        return JudgedSet(
            frames={
                kind: KnownFrames(
                    **{name: arrays[f"{kind}-{name}"] for name in ("evidence_NF", "dice_N", "clips_N")}
                )
                for kind in kinds
            },
            corruptions_N=arrays["corruptions_N"],
            severities_N=arrays["severities_N"],
        )


# --- Measures -------------------------------------------------------------------------------------------------


def measure_auroc(expected_N: NDArray[np.float64], bad_N: NDArray[np.bool_]) -> float:
    """Return the chance that a bad frame has a lower expectation than a good one; NaN without both."""
    bad, good = int(bad_N.sum()), int((~bad_N).sum())
    if not bad or not good:
        return float("nan")
    ranks_N = rankdata(-expected_N)
    return float((ranks_N[bad_N].sum() - bad * (bad + 1) / 2) / (bad * good))


def measure_aurc(expected_N: NDArray[np.float64], dice_N: NDArray[np.float64]) -> float:
    """Return the area under the risk-coverage curve: the mean loss 1 - Dice of the frames kept, over all shares."""
    losses_N = 1 - dice_N[np.argsort(-expected_N, kind="stable")]
    return float((np.cumsum(losses_N) / np.arange(1, len(losses_N) + 1)).mean())


def cross_validate(
    frames: KnownFrames, figures: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what fits to four fifths of the clips expect of the others, and whether their intervals are right."""
    numbers = {clip: number for number, clip in enumerate(dict.fromkeys(frames.clips_N.tolist()))}
    fold_N = np.array([numbers[clip] // 2 % FOLDS for clip in frames.clips_N.tolist()])
    expected_N, held_N = np.zeros(len(fold_N)), np.zeros(len(fold_N), dtype=np.bool_)
    for fold in range(FOLDS):
        fit = fit_dice(frames.take(fold_N != fold), figures)
        expected_N[fold_N == fold], held_N[fold_N == fold] = expect(fit, frames.take(fold_N == fold))
    return expected_N, held_N


def expect(fit: DiceFit, frames: KnownFrames) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what a fit expects of frames, and whether its interval holds their Dice."""
    expected_N = fit.expect(frames.name_figures())
    low_N, high_N = fit.bound(expected_N)
    return expected_N, (low_N <= frames.dice_N) & (frames.dice_N <= high_N)


# --- Tables ---------------------------------------------------------------------------------------------------


def print_scores(found: JudgedSet) -> None:
    """Print how well bad frames are found, beside single figures, chance and the best possible."""
    frames, figures = found.frames["mask"], SITUATIONS[0][1]
    expected_N, held_N = cross_validate(frames, figures)
    bad_N = frames.dice_N < LEAST_DICE
    clips = len(set(frames.clips_N.tolist()))
    print(f"\n{len(frames.dice_N):,} frames of {clips} clips, {bad_N.mean():.1%} below 0.8\n")
    print("| by | AUROC | AURC |\n|---|---|---|")
    named = frames.name_figures()
    rows = {"expected Dice": expected_N, **{f"{name} alone": named[name] for name in RIVALS}}
    for name, values_N in (*rows.items(), ("the true Dice", frames.dice_N)):
        print(
            f"| {name} | {measure_auroc(values_N, bad_N):.3f} | {measure_aurc(values_N, frames.dice_N):.4f} |"
        )
    print(f"| chance | 0.500 | {1 - frames.dice_N.mean():.4f} |")
    print("\n| of the frames, keep | mean Dice | below 0.8 |\n|---|---|---|")
    order_N = np.argsort(-expected_N, kind="stable")
    for share in (1.0, 0.95, 0.9, 0.8, 0.5):
        kept = order_N[: round(share * len(order_N))]
        print(f"| {share:.0%} | {frames.dice_N[kept].mean():.3f} | {bad_N[kept].mean():.1%} |")
    trusted_N = expected_N >= LEAST_DICE
    shares = (trusted_N, bad_N[trusted_N], ~trusted_N[bad_N], held_N)
    told = [f"{each.mean():.1%}" if len(each) else "-" for each in shares]
    print(f"\ntrusted {told[0]}; of these below 0.8 {told[1]}")
    print(f"of the frames below 0.8, not trusted {told[2]}; interval holds {told[3]}")


def print_bins(found: JudgedSet) -> None:
    """Print the mean Dice of frames by their expected Dice, and how often the interval holds it."""
    frames = found.frames["mask"]
    expected_N, held_N = cross_validate(frames, SITUATIONS[0][1])
    print("\n| expected Dice, mean | true Dice, mean | in the interval |\n|---|---|---|")
    for part in np.array_split(np.argsort(expected_N, kind="stable"), BINS):
        print(
            f"| {expected_N[part].mean():.3f} | {frames.dice_N[part].mean():.3f} | {held_N[part].mean():.0%} |"
        )


def print_left_out(found: JudgedSet) -> None:
    """Print what a fit that has never seen a corruption expects of the frames with it."""
    frames, figures = found.frames["mask"], SITUATIONS[0][1]
    print("\n| left out | below 0.8 | AUROC | the same, agreement | expected | true | in the interval |")
    print("|---|---|---|---|---|---|---|")
    all_N, held_all_N = np.zeros(len(frames.dice_N)), np.zeros(len(frames.dice_N), dtype=np.bool_)
    for corruption in dict.fromkeys(sorted(found.corruptions_N.tolist())):
        out_N = found.corruptions_N == corruption
        all_N[out_N], held_all_N[out_N] = expect(fit_dice(frames.take(~out_N), figures), frames.take(out_N))
        _print_row(corruption, frames.take(out_N), all_N[out_N], held_all_N[out_N])
    _print_row("each in turn", frames, all_N, held_all_N)


def _print_row(
    name: str, frames: KnownFrames, expected_N: NDArray[np.float64], held_N: NDArray[np.bool_]
) -> None:
    bad_N, agreement_N = frames.dice_N < LEAST_DICE, frames.name_figures()["agreement"]
    scores = (measure_auroc(expected_N, bad_N), measure_auroc(agreement_N, bad_N))
    told = " | ".join("-" if np.isnan(score) else f"{score:.3f}" for score in scores)
    print(
        f"| {name} | {bad_N.mean():.1%} | {told} | {expected_N.mean():.3f} | {frames.dice_N.mean():.3f} | "
        f"{held_N.mean():.0%} |"
    )


def print_situations(found: JudgedSet) -> None:
    """Print how well bad frames are found if less is known."""
    print("\n| answers | known | below 0.8 | AUROC | in the interval |\n|---|---|---|---|---|")
    for kind, figures in SITUATIONS:
        frames = found.frames[kind]
        expected_N, held_N = cross_validate(frames, figures)
        bad_N = frames.dice_N < LEAST_DICE
        print(
            f"| {kind} | {', '.join(figures)} | {bad_N.mean():.1%} | {measure_auroc(expected_N, bad_N):.3f} | "
            f"{held_N.mean():.0%} |"
        )


def print_others(model: TrustModel, others: Mapping[str, JudgedSet]) -> None:
    """Print what the shipped numbers expect on phantoms that they were not fitted to."""
    print("\n| phantom | below 0.8 | AUROC | the same, agreement | expected | true | in the interval |")
    print("|---|---|---|---|---|---|---|")
    for name, found in others.items():
        _print_row(name, found.frames["mask"], *expect(model.fits[0], found.frames["mask"]))


def print_no_echo(model: TrustModel, bench: TrustWorkbench, phantoms: Mapping[str, JudgedSet]) -> None:
    """Print how many of the made pictures are flagged, and how many good clips are lost."""
    print("\n| what | clips | flagged | not trusted |\n|---|---|---|---|")
    made = (picture for seed in PICTURES for picture in make_pictures(seed))
    flagged = [(kind, *_judge_pictures(model, bench, clip)) for kind, _, clip in made]
    for kind in dict.fromkeys(kind for kind, _, _ in flagged):
        _print_share(kind, [row for row in flagged if row[0] == kind])
    _print_share("all of them", flagged)
    print("\n| good clips (mean Dice of 0.8 or more) | clips | flagged |\n|---|---|---|")
    fit = model.fits[0]
    for name, found in phantoms.items():
        clips = [clip for clip in found.frames["mask"].split() if clip.dice_N.mean() >= LEAST_DICE]
        lost = [bool(find_no_echo(fit, clip.name_figures())) for clip in clips]
        print(f"| {name} | {len(clips)} | {np.mean(lost):.1%} |")


def print_verdicts(model: TrustModel, bench: TrustWorkbench, clips: int) -> None:
    """Print the error of the ejection fraction of whole beats, by the verdict on the clip."""
    phantom = cached_phantom(size="transfer-beats", seed=2)
    with (phantom / TRUTH).open(newline="") as file:
        true_percent = {row["FileName"]: float(row["TrueEF"]) for row in csv.DictReader(file)}
    names = list_clips(phantom)[:clips]
    errors: dict[bool, list[float]] = {True: [], False: []}
    without = 0
    for name, condition in zip(names, deal_conditions(bench.suite, len(names)), strict=True):
        answer = _answer(model, bench, phantom / "Videos" / f"{name}.avi", condition)
        if answer.ef_percent is None:
            without += 1
        else:
            errors[answer.verdict.trusted].append(answer.ef_percent - true_percent[name])
    print("\n| verdict | clips | EF: bias / mean absolute error / SD |\n|---|---|---|")
    for trusted, each in errors.items():
        told = f"{np.mean(each):+.1f} / {np.abs(each).mean():.1f} / {np.std(each):.1f}" if each else "-"
        print(f"| {'trusted' if trusted else 'not trusted'} | {len(each)} | {told} |")
    print(f"| no ejection fraction | {without} | - |")


def _answer(model: TrustModel, bench: TrustWorkbench, path: Path, condition: Condition) -> ClipAnswer:
    """Return the answer of the mask model for a clip under a condition."""
    read = FramesRead(clip=open_clip(ClipFile(path=path)))
    frames_NHW, times_s = bench.read_clip(path, condition)
    for number, time_s in enumerate(times_s):
        read.indices.append(number)
        read.times_s.append(time_s)
    maker = AnswerMaker(None)
    for decoded in bench.decode(frames_NHW, times_s):
        maker.add(decoded)
    facts = ClipFacts(
        clip=read.clip,
        name=path.name,
        label=path.stem,
        crop=None,
        view=find_view(read.clip.size_HW, None, whole_picture=True),
        models=(),
    )
    return maker.make(facts, read, model, ())


def _print_share(name: str, rows: Sequence[tuple[str, bool, bool]]) -> None:
    flagged, distrusted = (np.mean([row[place] for row in rows]) for place in (1, 2))
    print(f"| {name} | {len(rows)} | {flagged:.0%} | {distrusted:.0%} |")


def _judge_pictures(model: TrustModel, bench: TrustWorkbench, clip: NDArray[np.uint8]) -> tuple[bool, bool]:
    """Return whether a clip is flagged as no echocardiogram, and whether most of its frames are not trusted."""
    times_s_N = np.arange(len(clip)) / 50
    decoded = [part for part in bench.decode(clip, times_s_N.tolist()) if len(part)]
    evidence_NF = measure_decoded(decoded, 0)
    flags = find_no_echo(model.fits[0], dict(zip(EVIDENCE, evidence_NF.T, strict=True)))
    areas_N = np.concatenate([part.masks_BHW.sum(axis=(1, 2)) for part in decoded]).astype(np.float64)
    trust = judge_frames(
        model, evidence_NF, areas_px2_N=np.where(areas_N > 0, areas_N, np.nan), times_s_N=times_s_N
    )
    return bool(flags), bool((trust.dice_N < LEAST_DICE).mean() > 0.5)


if __name__ == "__main__":
    main()
