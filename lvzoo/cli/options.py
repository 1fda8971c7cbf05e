"""Defines the options that several commands share."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lvzoo.errors import UsageError
from lvzoo.trials.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

Command = TypeVar("Command", bound="Callable[..., object]")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
registry_option = click.option(
    "--registry",
    "registries",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Add the entries of your own registry.yaml; may be repeated.",
)


class ClipPath(click.Path):
    """A path of a clip. It need not exist or be readable: that clip's error is shown, and the others go on."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:  # noqa: ANN401 - click's signature
        """Refuse an empty path, such as that of an unset shell variable: it would be the present folder."""
        if not os.fspath(value):
            self.fail("the path of a clip is empty; for the present folder, name '.'", param, ctx)
        return super().convert(value, param, ctx)


def _preset(text: str) -> Callable[[Command], Command]:
    return click.option(
        "--preset", type=click.Choice(list(PRESETS)), default="quick", show_default=True, help=text
    )


preset_option = _preset(
    "The size of the benchmark. " + " ".join(f"{name}: {preset.summary}." for name, preset in PRESETS.items())
)
training_preset_option = _preset(
    "The defaults of the training and of the phantom's size. "
    + " ".join(
        f"{name}: {preset.recipe.epochs} epoch{'s' * (preset.recipe.epochs > 1)}, phantom {preset.phantom_size}."
        for name, preset in PRESETS.items()
    )
)
data_option = click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The data set, a folder in a layout that lvzoo reads.  [default: a synthetic phantom, made once and cached]",
)
_data_option_option = click.option(
    "--data-option",
    "data_options",
    metavar="LAYOUT.NAME=VALUE",
    multiple=True,
    help="An option of the data set's layout, for example camus.view=2CH. Repeat it for several.",
)
_patient_pattern_option = click.option(
    "--patient-pattern",
    metavar="REGEX",
    help="Short for --data-option masks.patient-pattern=REGEX, for a folder of images/ and masks/.",
)
out_option = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of the run.  [default: runs/NAME]",
)
device_option = click.option(
    "--device",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="The device that computes: auto, cpu, cuda or cuda:N.",
)
_executor_option = click.option(
    "--executor",
    metavar="NAME",
    default="process",
    show_default=True,
    help="How trials run: process (each in its own process), inline (in this process), or ray (on a Ray cluster).",
)
_jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many trials run at once; numbers do not depend on this.  [default: one for each processor or GPU, if "
    "the memory is enough]",
)
_per_gpu_option = click.option(
    "--per-gpu",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many trials share a GPU.",
)
_threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many threads each trial has on the CPU. The last bits of its numbers may depend on this.",
)
_address_option = click.option(
    "--address",
    metavar="HOST:PORT",
    help="With --executor ray: the Ray cluster, which this machine is a node of.  "
    "[default: RAY_ADDRESS, or else a Ray that is started on this machine for the run]",
)
_shared_option = click.option(
    "--shared",
    is_flag=True,
    help="With --executor ray: the run folder is at the same path on every node, so no files are sent.",
)
shard_option = click.option(
    "--shard",
    metavar="I/N",
    help="Do only every N-th trial, beginning with the I-th, for array jobs: 1/3, 2/3 and 3/3 are the shards of one "
    "run. The last shard to end ranks all trials.",
)
frames_option = click.option(
    "--no-frames",
    "frames",
    flag_value=False,
    default=True,
    help="Put no test frames into the report, so that it holds no image of the data.",
)


def data_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of data sets. The command gets them as one dictionary, `data_options`."""

    @functools.wraps(command)
    def with_data_options(
        *, data_options: tuple[str, ...], patient_pattern: str | None, **others: object
    ) -> object:
        given = dict(map(_split_data_option, data_options))
        if patient_pattern is not None:
            given["masks.patient-pattern"] = patient_pattern
        return command(data_options=given, **others)

    return _with(with_data_options, _data_option_option, _patient_pattern_option)


def _split_data_option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"--data-option {text}: has no value; write LAYOUT.NAME=VALUE, for example camus.view=2CH"
        )
    return name, value


def executor_options(command: Command) -> Command:
    """Add the options that say where trials run, and how many at once."""
    where = (_executor_option, _address_option, _shared_option)
    return _with(command, *where, _jobs_option, _per_gpu_option, _threads_option)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever json can hold
    """Print a value as indented JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as a list of JSON objects, one per row; NaN becomes null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows


def integers(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Parse a value such as `1,3,5`."""
    if value is None:
        return None
    try:
        return tuple(int(word) for word in value.split(","))
    except ValueError as error:
        raise click.BadParameter(
            f"'{value}' is not a list of whole numbers; write for example 1,3,5"
        ) from error


def noise_options(command: Command) -> Command:
    """Add the options that choose a noise suite and a part of it to test under."""
    return _noise(command, "Use only these corruptions, for example haze,blur; none tests only clean frames.")


def preview_options(command: Command) -> Command:
    """Add the options that choose a noise suite and a part of it to show."""
    return _noise(command, "Show only these corruptions, for example haze,blur.")


def _noise(command: Command, corruptions: str) -> Command:
    return _with(
        command,
        click.option(
            "--noise", metavar="NAME", default="noise-v1", show_default=True, help="The noise suite."
        ),
        click.option("--corruptions", metavar="NAMES", help=corruptions),
        click.option(
            "--severities",
            metavar="LIST",
            callback=integers,
            help="Use only these severities, for example 1,3,5.",
        ),
    )


def phantom_options(command: Command) -> Command:
    """Add the options that choose a phantom to train and test on."""
    return _phantom(command, "Size of the synthetic phantom: smoke, quick, small, full or beats.")


def test_phantom_options(command: Command) -> Command:
    """Add the options that choose a phantom to test on; only its test split is read."""
    return _phantom(
        command,
        "Size of the synthetic phantom, as in `lvzoo data phantom`; transfer has 100 patients to test on.",
    )


def _phantom(command: Command, sizes: str) -> Command:
    return _with(
        command,
        click.option("--phantom-size", metavar="SIZE", help=sizes),
        click.option(
            "--phantom-seed",
            type=click.IntRange(min=0),
            metavar="N",
            help="Seed of the synthetic patients.",
        ),
    )


def recipe_options(command: Command) -> Command:
    """Add the options that decide how a model is trained."""
    return _with(
        command,
        click.option("--epochs", type=int, metavar="N", help="Passes over the training frames."),
        click.option("--batch-size", type=int, metavar="N", help="Frames per training step."),
        click.option(
            "--learning-rate", type=float, metavar="X", help="Peak learning rate of the one-cycle schedule."
        ),
        click.option("--weight-decay", type=float, metavar="X", help="Weight decay of AdamW."),
        click.option(
            "--warmup", type=float, metavar="X", help="Fraction of the steps before the learning rate peaks."
        ),
        click.option("--clip-norm", type=float, metavar="X", help="Gradients are clipped to this norm."),
        click.option(
            "--averaging",
            type=float,
            metavar="X",
            help="Share of the steps over which the weights are averaged; 0: not at all.",
        ),
        click.option(
            "--augment",
            metavar="NAME",
            help="Training augmentation: none, default, flip, strong, strong-flip or noise.",
        ),
        click.option(
            "--precision", metavar="NAME", help="Precision of training: auto, bf16, fp16 or float32."
        ),
    )


def _with(command: Command, *options: Callable[[Command], Command]) -> Command:
    """Add options; the help shows them in the given order."""
    for option in reversed(options):
        command = option(command)
    return command
