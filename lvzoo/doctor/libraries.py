"""Python, lvzoo and the libraries it stands on: are they there, new enough, and do they work?

torch and OpenCV are tried in processes of their own: one that crashes or hangs is a finding as well.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import lvzoo
from lvzoo.doctor.record import GB, Examined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TIME_LIMIT_S: Final = 120.0
"""How long torch or OpenCV may take to be imported; from a cold network disk it can be a minute."""
FLOOR: Final = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)$")
OPENCV: Final = (
    *("opencv-python", "opencv-python-headless"),
    *("opencv-contrib-python", "opencv-contrib-python-headless"),
)
"""OpenCV's distributions: one of them is enough, whichever the requirement names."""
HEADLESS: Final = "pip uninstall -y opencv-python && pip install opencv-python-headless"

ASK_TORCH: Final = """
import json, torch

def card(i):
    told = {"name": f"card {i}", "memory": 0, "bf16": False, "error": None}
    try:
        properties = torch.cuda.get_device_properties(i)
        told |= {"name": properties.name, "memory": properties.total_memory}
        with torch.cuda.device(i):
            told["bf16"] = torch.cuda.is_bf16_supported(including_emulation=False)
        total = (torch.ones(2, device=i) + 1).sum().item()
        if total != 4:
            told["error"] = f"2 + 2 gives {total}"
    except Exception as error:
        told["error"] = (str(error).strip() or type(error).__name__).splitlines()[0]
    return told

print(json.dumps({
    "version": torch.__version__, "cuda": torch.version.cuda, "threads": torch.get_num_threads(),
    "gpus": [card(i) for i in range(torch.cuda.device_count())],
}))
"""
ASK_OPENCV: Final = """
import json, cv2, numpy
assert cv2.resize(numpy.zeros((4, 4), numpy.uint8), (2, 2)).shape == (2, 2)
print(json.dumps({"version": cv2.__version__}))
"""


def lvzoo_itself() -> Examined:
    """See that the lvzoo that is imported is the one that is installed."""
    where = Path(lvzoo.__file__).parent
    installed = _version("lvzoo")
    if installed is None:
        return Examined(
            name="lvzoo",
            verdict="problem",
            found=f"{lvzoo.__version__} in {where} is imported, but not installed",
            remedy="run: pip install lvzoo (in a checkout: pip install --editable .)",
        )
    if installed != lvzoo.__version__:
        return Examined(
            name="lvzoo",
            verdict="problem",
            found=f"{lvzoo.__version__} in {where} is imported, but {installed} is installed",
            remedy="install it again, so that its plugins are registered",
        )
    return Examined(name="lvzoo", verdict="ok", found=f"{installed} in {where}")


def python() -> Examined:
    """Name Python and the platform."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Examined(name="python", verdict="ok", found=found)


# --- Libraries ----------------------------------------------------------------------------------------------


def versions() -> Iterator[Examined]:
    """Compare the version of each library that lvzoo requires with the least that will do."""
    try:
        wanted = metadata.requires("lvzoo") or []
    except metadata.PackageNotFoundError:
        return  # told already
    floors = [match.groups() for each in wanted if (match := FLOOR.match(each))]
    well: list[str] = []
    for name, floor in floors:
        version = _version_of_any(OPENCV if name in OPENCV else (name,))
        if version is None or _numbers(version) < _numbers(floor):
            yield Examined(
                name=name,
                verdict="problem",
                found="is not installed" if version is None else f"{version} is older than {floor}",
                remedy=f"run: pip install --upgrade '{name}>={floor}'",
            )
        else:
            well.append(f"{name} {version}")
    if well:
        yield Examined(name="libraries", verdict="ok", found=", ".join(well))


def _version_of_any(distributions: Sequence[str]) -> str | None:
    return next((version for version in map(_version, distributions) if version is not None), None)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, by which versions are compared.

    >>> _numbers("2.15.0+cu128") > _numbers("2.6")
    True
    """
    begins = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(map(int, begins.group().split("."))) if begins else ()


def torch() -> Iterator[Examined]:
    """Ask torch what it is built for and which cards it sees, and have each card add two numbers."""
    answer = _ask(ASK_TORCH)
    if isinstance(answer, str):
        yield Examined(
            name="torch",
            verdict="problem",
            found=f"does not work: {answer}",
            remedy="install it again as pytorch.org says for this machine",
        )
        return
    build = f"built for CUDA {answer['cuda']}" if answer["cuda"] else "built for CPUs alone"
    yield Examined(
        name="torch", verdict="ok", found=f"{answer['version']}, {build}, {answer['threads']} threads"
    )
    yield from map(_gpu, answer["gpus"])
    if not answer["gpus"]:
        mend = (
            "look at nvidia-smi if there should be one"
            if answer["cuda"]
            else "install torch for CUDA for one"
        )
        yield Examined(
            name="gpu",
            verdict="note",
            found="none: models are trained on the CPU",
            remedy=f"presets smoke and quick are made for that; {mend}",
        )


def _gpu(card: Mapping[str, Any]) -> Examined:
    """Judge one card by what it told of itself."""
    if card["error"]:
        return Examined(
            name="gpu",
            verdict="problem",
            found=f"{card['name']} is seen, but does not compute: {card['error']}",
            remedy="look at nvidia-smi, and install torch as pytorch.org says for this card and its driver",
        )
    precision = "bf16" if card["bf16"] else "fp16, since it has no bf16"
    found = f"{card['name']}, {card['memory'] / GB:.0f} GB, computes in {precision}"
    return Examined(name="gpu", verdict="ok", found=found)


def opencv() -> Examined:
    """See that OpenCV is imported and resizes a frame."""
    answer = _ask(ASK_OPENCV)
    if not isinstance(answer, str):
        return Examined(name="opencv", verdict="ok", found=f"{answer['version']}, works")
    remedy = f"run: {HEADLESS}" if "libGL" in answer else "install opencv-python again"
    return Examined(name="opencv", verdict="problem", found=f"cannot be imported: {answer}", remedy=remedy)


def _ask(code: str) -> Any:  # noqa: ANN401 - JSON, or a str: why there is none
    """Return what a piece of Python prints as JSON, run in a process of its own, or why it prints nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {TIME_LIMIT_S:.0f} s"
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    said = done.stderr.strip().splitlines()
    return said[-1].strip() if said else f"the process ended with {done.returncode}"
