"""Writes the command line that repeats a call, as a run records it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lvzoo.arguments import list_paths
from lvzoo.noise.corrupt import NO_NOISE
from lvzoo.registry.data_options import write_data_options
from lvzoo.trials.request import RunRequest
from lvzoo.types import has_control_characters

RUNS: Final = Path("runs")
"""The folder of runs for which no other was named."""
PHANTOM: Final = ("phantom_size", "phantom_seed")
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bench": ("preset", "data", "noise", "corruptions", "severities", "seeds", "resamples", *PHANTOM),
    "train": ("preset", "data", *PHANTOM, "seed"),
}
"""The options of each command that repeats a run, in the order in which they are written."""


def command_line(request: RunRequest, entries: Sequence[str]) -> str:
    """Return the command that repeats a call with these entries.

    Only the last part of a path is written, since other people keep the file elsewhere. If the run was given a folder
    (`out`), the command places it among the other runs.

    >>> command_line(RunRequest(call="fit", data=Path("/home/me/EchoNet"), seed=0), ["unet"])
    'lvzoo train unet --preset quick --data EchoNet --seed 0'
    >>> command_line(RunRequest(call="bench", corruptions=(), out="/home/me/first"), ["unet", "landmark7"])
    'lvzoo bench --plugins unet,landmark7 --preset quick --noise noise-v1 --corruptions none --out runs/first'
    """
    command = "train" if request.call == "fit" else "bench"
    line = ["lvzoo", command, *(entries if command == "train" else ["--plugins", ",".join(entries)])]
    given = {name: getattr(request, name) for name in OPTIONS[command]}
    if request.data is not None:
        given["data"] = Path(request.data)
    options = [("data_option", each) for each in write_data_options(request.data_options or {})]
    also = [("also", Path(each)) for each in list_paths(request.also, "also")]
    registries = [("registry", Path(each)) for each in request.registries]
    for name, value in [*given.items(), *options, *also, *registries, *request.recipe.items()]:
        if value is not None:
            line += [f"--{name.replace('_', '-')}", _format_value(value)]
    if request.out is not None:
        line += ["--out", f"{RUNS}/{_format_value(Path(request.out))}"]
    return shlex.join(line)


def _format_value(value: object) -> str:
    """Return a value as one word of a command. In a path, ? stands for characters that do not print."""
    if isinstance(value, Path):
        return "".join("?" if has_control_characters(each) else each for each in value.resolve().name)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value)) or NO_NOISE
    return str(value)
