"""Checks Python, lvzoo and the libraries that it requires: whether they are installed, new enough, and work.

torch and OpenCV are tested in separate processes, so that a crash or a hang becomes a finding.
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
from lvzoo.doctor.record import GB, note, ok, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lvzoo.doctor.record import Diagnosis

TIME_LIMIT_S: Final = 120.0
"""Time limit for importing torch or OpenCV. From a network disk it can take a minute."""
FLOOR: Final = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)$")
OPENCV: Final = (
    *("opencv-python", "opencv-python-headless"),
    *("opencv-contrib-python", "opencv-contrib-python-headless"),
)
"""The distributions of OpenCV. Any one of them is enough, whichever the requirement names."""

ASK_TORCH: Final = """
import json, torch

def card(i):
    report = {"name": f"card {i}", "memory": 0, "bf16": False, "error": None}
    try:
        properties = torch.cuda.get_device_properties(i)
        report |= {"name": properties.name, "memory": properties.total_memory}
        with torch.cuda.device(i):
            report["bf16"] = torch.cuda.is_bf16_supported(including_emulation=False)
        total = (torch.ones(2, device=i) + 1).sum().item()
        if total != 4:
            report["error"] = f"2 + 2 gives {total}"
    except Exception as error:
        report["error"] = (str(error).strip() or type(error).__name__).splitlines()[0]
    return report

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


def check_lvzoo() -> Diagnosis:
    """Check that the imported lvzoo is the installed one."""
    imported = f"{lvzoo.__version__} in {Path(lvzoo.__file__).parent}"
    installed = _version("lvzoo")
    if installed is None:
        found = f"{imported} is imported, but not installed"
        return problem("lvzoo", found, "run: pip install lvzoo (in a checkout: pip install --editable .)")
    if installed != lvzoo.__version__:
        found = f"{imported} is imported, but {installed} is installed"
        return problem("lvzoo", found, "install it again, so that its plugins are registered")
    return ok("lvzoo", imported)


def check_python() -> Diagnosis:
    """Return the version of Python and the platform."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return ok("python", found)


# --- Libraries ----------------------------------------------------------------------------------------------


def check_versions() -> Iterator[Diagnosis]:
    """Compare the version of each library that lvzoo requires with the oldest version that it accepts."""
    try:
        required = metadata.requires("lvzoo") or []
    except metadata.PackageNotFoundError:
        return  # check_lvzoo reports it
    new_enough: list[str] = []
    for name, floor in (match.groups() for each in required if (match := FLOOR.match(each))):
        version = _version(*OPENCV) if name in OPENCV else _version(name)
        if version is None or _numbers(version) < _numbers(floor):
            found = "is not installed" if version is None else f"{version} is older than {floor}"
            yield problem(name, found, f"run: pip install --upgrade '{name}>={floor}'")
        else:
            new_enough.append(f"{name} {version}")
    if new_enough:
        yield ok("libraries", ", ".join(new_enough))


def _version(*distributions: str) -> str | None:
    """Return the version of the first of these distributions that is installed, or None."""
    installed = (each.version for name in distributions for each in metadata.distributions(name=name))
    return next(installed, None)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version, for comparing versions.

    >>> _numbers("2.15.0+cu128") > _numbers("2.6")
    True
    """
    start = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(map(int, start.group().split("."))) if start else ()


def check_torch() -> Iterator[Diagnosis]:
    """Check torch and each GPU that it sees, by adding two numbers on that GPU."""
    answer = _run_python(ASK_TORCH)
    if isinstance(answer, str):
        remedy = "install it again as pytorch.org says for this machine"
        yield problem("torch", f"does not work: {answer}", remedy)
        return
    build = f"built for CUDA {answer['cuda']}" if answer["cuda"] else "built for CPUs only"
    yield ok("torch", f"{answer['version']}, {build}, {answer['threads']} threads")
    yield from map(_judge_gpu, answer["gpus"])
    if not answer["gpus"]:
        advice = (
            "check nvidia-smi if there should be a GPU" if answer["cuda"] else "a GPU needs torch for CUDA"
        )
        remedy = f"use the presets smoke and quick, which are made for CPUs; {advice}"
        yield note("gpu", "none: models are trained on the CPU", remedy)


def _judge_gpu(card: Mapping[str, Any]) -> Diagnosis:
    """Return the finding for one GPU from the report of ASK_TORCH."""
    if card["error"]:
        found = f"{card['name']} is visible, but does not compute: {card['error']}"
        remedy = "check nvidia-smi, and install torch as pytorch.org says for this card and its driver"
        return problem("gpu", found, remedy)
    precision = "bf16" if card["bf16"] else "fp16, since it has no bf16"
    return ok("gpu", f"{card['name']}, {card['memory'] / GB:.0f} GB, computes in {precision}")


def check_opencv() -> Diagnosis:
    """Check that OpenCV can be imported and can resize a frame."""
    answer = _run_python(ASK_OPENCV)
    if not isinstance(answer, str):
        return ok("opencv", f"{answer['version']}, works")
    headless = "run: pip uninstall -y opencv-python && pip install opencv-python-headless"
    remedy = headless if "libGL" in answer else "install opencv-python again"
    return problem("opencv", f"cannot be imported: {answer}", remedy)


def _run_python(code: str) -> Any:  # noqa: ANN401 - JSON, or a str that explains why there is none
    """Run a piece of Python in a separate process; return the JSON that it prints, or a str with why it failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {TIME_LIMIT_S:.0f} s"
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    lines = done.stderr.strip().splitlines()
    return lines[-1].strip() if lines else f"the process ended with {done.returncode}"
