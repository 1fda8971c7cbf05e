"""lvzoo: a zoo and benchmark of models that segment the left ventricle in noisy echocardiograms.

Each public name is imported when it is first used, so that `import lvzoo` imports neither torch nor numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lvzoo.errors import DataError, LvzooError, PluginError, RunError, UsageError
    from lvzoo.hookspecs import hookimpl
    from lvzoo.registry import list_models
    from lvzoo.types import DatasetSource, Entry, Family, NoiseSource, Option
    from lvzoo.weights.network import load
    from lvzoo.workflows.adopt import adopt
    from lvzoo.workflows.audit import check_data
    from lvzoo.workflows.bench import bench
    from lvzoo.workflows.calibrate import calibrate
    from lvzoo.workflows.compare import compare
    from lvzoo.workflows.export import export
    from lvzoo.workflows.fit import fit
    from lvzoo.workflows.pack import pack
    from lvzoo.workflows.predict import predict
    from lvzoo.workflows.push import push
    from lvzoo.workflows.recommend import recommend
    from lvzoo.workflows.score import score
    from lvzoo.workflows.transfer import transfer

__version__ = "0.1.0"

_MODULES = {
    "bench": "lvzoo.workflows.bench",
    "check_data": "lvzoo.workflows.audit",
    "compare": "lvzoo.workflows.compare",
    "fit": "lvzoo.workflows.fit",
    "score": "lvzoo.workflows.score",
    "transfer": "lvzoo.workflows.transfer",
    "pack": "lvzoo.workflows.pack",
    "adopt": "lvzoo.workflows.adopt",
    "calibrate": "lvzoo.workflows.calibrate",
    "export": "lvzoo.workflows.export",
    "predict": "lvzoo.workflows.predict",
    "push": "lvzoo.workflows.push",
    "recommend": "lvzoo.workflows.recommend",
    "load": "lvzoo.weights.network",
    "list_models": "lvzoo.registry",
    "hookimpl": "lvzoo.hookspecs",
    **dict.fromkeys(("DatasetSource", "Entry", "Family", "NoiseSource", "Option"), "lvzoo.types"),
    **dict.fromkeys(("DataError", "LvzooError", "PluginError", "RunError", "UsageError"), "lvzoo.errors"),
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
    "RunError",
    "UsageError",
    "adopt",
    "bench",
    "calibrate",
    "check_data",
    "compare",
    "export",
    "fit",
    "hookimpl",
    "list_models",
    "load",
    "pack",
    "predict",
    "push",
    "recommend",
    "score",
    "transfer",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    if name not in _MODULES:
        raise AttributeError(f"module 'lvzoo' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
