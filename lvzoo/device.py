"""Chooses the device and the precision of all computations, and describes them; the same code for CPU and CUDA."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import cv2
import torch

from lvzoo.errors import UsageError, choose, name_option

PRECISIONS: Final = {"bf16": torch.bfloat16, "fp16": torch.float16, "float32": torch.float32}


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device; "auto" is CUDA if there is a CUDA device, else the CPU.

    Raises:
        UsageError: this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdecimal()):
        raise UsageError(f"unknown device {name!r}; use auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        seen = torch.cuda.device_count() or "no"
        raise UsageError(
            f"device {name!r} is not available: torch sees {seen} CUDA devices; use {name_option('device', 'cpu')}"
        )
    return torch.device(name)


def choose_precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """Return the type in which a model computes; weights and losses stay float32.

    "auto" is bf16 if the processor computes in it (fp16 on older CUDA devices), else float32.

    Raises:
        UsageError: the precision is unknown.
    """
    precision = choose(name, {"auto": None, **PRECISIONS}, "precision")
    if precision is not None:
        return precision
    if device.type == "cuda":
        with torch.cuda.device(device):  # torch asks the current device, which may be another one
            has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_bf16 else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Return a context in which torch computes in a precision."""
    if precision == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=precision)


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Let torch and OpenCV compute with so many threads on the CPU, for a while."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def describe(device: torch.device, precision: torch.dtype, *, threads: int | None = None) -> dict[str, str]:
    """Return the hardware, the precision and the versions of the libraries that compute a result.

    `threads` are those of the CPU; None: as many as torch uses now.
    """
    threads = threads or torch.get_num_threads()
    hardware = (
        f"CPU, {threads} thread{'' if threads == 1 else 's'}, {torch.backends.cpu.get_cpu_capability()}"
    )
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else hardware,
        "precision": str(precision).removeprefix("torch."),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("lvzoo", "torch", "numpy", "opencv-python") if _installed(name)},
    }


def _installed(distribution: str) -> bool:
    """Return whether a distribution of this name is installed; OpenCV, for example, comes under several names."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _cpu_has_bf16() -> bool:
    """Return whether the CPU has bf16 instructions; emulated bf16 would be slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # only Linux has this file; float32 works everywhere
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
