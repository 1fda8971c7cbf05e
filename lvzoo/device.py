"""Which device computes, and in which precision: the same code on a CPU and on CUDA."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import torch

from lvzoo.errors import UsageError, did_you_mean

PRECISIONS: Final = {"bf16": torch.bfloat16, "fp16": torch.float16, "float32": torch.float32}


def choose_device(name: str = "auto") -> torch.device:
    """Return the named device; "auto" is CUDA where there is one, else the CPU.

    Raises:
        UsageError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdecimal()):
        raise UsageError(f"device '{name}' is unknown; use auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        seen = torch.cuda.device_count() or "no"
        raise UsageError(f"device '{name}' asked for, but torch sees {seen} CUDA devices; use --device cpu")
    return torch.device(name)


def choose_precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """Return the type in which convolutions are computed; weights and losses stay float32.

    "auto" is bf16 where the processor computes in it (fp16 on older CUDA devices), else float32.

    Raises:
        UsageError: no such precision.
    """
    if name != "auto":
        if name not in PRECISIONS:
            hint = did_you_mean(name, PRECISIONS)
            raise UsageError(f"precision '{name}' is unknown; use auto, {', '.join(PRECISIONS)}{hint}")
        return PRECISIONS[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Return the context in which a forward pass runs in a precision."""
    if precision == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=precision)


def describe(device: torch.device, precision: torch.dtype) -> dict[str, str]:
    """Name what a number was computed with: hardware, precision and versions."""
    threads = torch.get_num_threads()
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
    """Tell whether a distribution is there: OpenCV comes under several names."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _cpu_has_bf16() -> bool:
    """Tell whether the CPU multiplies bf16 itself; emulated, it would be slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # no such file outside Linux: float32 is always right
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
