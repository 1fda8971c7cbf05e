"""lvzoo: which left-ventricle model should one trust on noisy echocardiograms, a mask or a landmark model?

The public names, resolved when first used, so that `import lvzoo` imports neither torch nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lvzoo.benchmark import bench
    from lvzoo.comparison import compare
    from lvzoo.errors import DataError, LvzooError, PluginError, UsageError
    from lvzoo.hookspecs import hookimpl
    from lvzoo.models.weights import load
    from lvzoo.packing import pack
    from lvzoo.prediction import predict
    from lvzoo.registry import list_models
    from lvzoo.scoring_run import score
    from lvzoo.training import fit
    from lvzoo.transfer_run import transfer
    from lvzoo.types import DatasetSource, Entry, Family, NoiseSource, Option

__version__ = "0.1.0"

_HOMES = {
    "bench": "lvzoo.benchmark",
    "compare": "lvzoo.comparison",
    "fit": "lvzoo.training",
    "score": "lvzoo.scoring_run",
    "transfer": "lvzoo.transfer_run",
    "pack": "lvzoo.packing",
    "predict": "lvzoo.prediction",
    "load": "lvzoo.models.weights",
    "list_models": "lvzoo.registry",
    "hookimpl": "lvzoo.hookspecs",
    **dict.fromkeys(("DatasetSource", "Entry", "Family", "NoiseSource", "Option"), "lvzoo.types"),
    **dict.fromkeys(("DataError", "LvzooError", "PluginError", "UsageError"), "lvzoo.errors"),
}

__all__ = [
    "DataError",
    "DatasetSource",
    "Entry",
    "Family",
    "LvzooError",
    "NoiseSource",
    "Option",
    "PluginError",
    "UsageError",
    "bench",
    "compare",
    "fit",
    "hookimpl",
    "list_models",
    "load",
    "pack",
    "predict",
    "score",
    "transfer",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    if name not in _HOMES:
        raise AttributeError(f"module 'lvzoo' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
