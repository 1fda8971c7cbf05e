"""Reads one plugin's declarations, in a process of its own: whatever the plugin does there costs nobody else.

`lvzoo.plugins.probing` starts it with `COMMAND` and two arguments: the request (JSON: `sys_path`, `name`, `value`)
and the file into which the answer is written (JSON: `declared` or `fault`). An answer that is missing means
that the plugin took the process down. What the plugin prints goes nowhere.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import pluggy

from lvzoo import hookspecs
from lvzoo.errors import PluginError, did_you_mean
from lvzoo.plugins.declarations import (
    Declarations,
    mistake_in_datasets,
    mistake_in_families,
    mistake_in_noises,
    to_json,
)
from lvzoo.types import DatasetSource, Family, NoiseSource

COMMAND: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])['sys_path']; "
    "import lvzoo.plugins.probe as p; p.main()"
)
HEAVY: Final = ("torch", "numpy", "pandas", "cv2", "scipy", "matplotlib")
"""Libraries that no entry module should import: they cost seconds and are not needed to declare."""

Record = TypeVar("Record")


def main() -> NoReturn:
    """Answer the request on the command line, and leave without waiting for the plugin's threads."""
    request = json.loads(sys.argv[1])
    Path(sys.argv[2]).write_text(probe(request["name"], request["value"]), encoding="utf-8")
    os._exit(0)


def probe(name: str, value: str) -> str:
    """Return as JSON `{"declared": ...}` for the entry point `name = value`, or `{"fault": why}`."""
    try:
        return json.dumps({"declared": to_json(declarations_of(_load(value), name))})
    except PluginError as error:
        return json.dumps({"fault": str(error)})
    except BaseException as error:  # noqa: BLE001 - a record that cannot even be looked at
        return json.dumps({"fault": f"declares what cannot be read: {_one_line(error)}; correct the plugin"})


def declarations_of(plugin: object, name: str) -> Declarations:
    """Check a loaded plugin against the hookspecs and return what it declares.

    Raises:
        PluginError: what is wrong with it, and what to do.
    """
    _check_version(plugin)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    hooks = _hooks_of(plugin, manager)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(" ".join(str(error).split())) from error
    families = _records(manager, "lvzoo_families", Family)
    datasets = _records(manager, "lvzoo_datasets", DatasetSource)
    noises = _records(manager, "lvzoo_noises", NoiseSource)
    catalogues = _records(manager, "lvzoo_catalogues", Path)
    for path in catalogues:
        if not path.is_absolute():
            raise PluginError(
                f"lvzoo_catalogues returns the relative path '{path}'; "
                f"write Path(__file__).with_name('{path.name}')"
            )
    mistake = mistake_in_families(families) or mistake_in_datasets(datasets) or mistake_in_noises(noises)
    if mistake:
        raise PluginError(f"{mistake}; correct the plugin's declaration")
    return Declarations(
        families=families,
        catalogues=tuple(str(path) for path in catalogues),
        datasets=datasets,
        noises=noises,
        hooks=hooks,
        heavy=tuple(module for module in HEAVY if module in sys.modules),
    )


def _load(value: str) -> object:
    module, _, attributes = value.partition(":")
    try:
        plugin: object = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            plugin = getattr(plugin, attribute)
    except SystemExit as error:
        raise PluginError(
            f"calls sys.exit({error.code!r}) on import{_place(error)}; ask its author"
        ) from error
    except BaseException as error:
        raise PluginError(f"raises on import: {_one_line(error)}{_place(error)}; {_remedy(error)}") from error
    return plugin


def _remedy(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install {error.name!r}, or uninstall the plugin"
    return "update or uninstall the plugin, or ask its author"


def _check_version(plugin: object) -> None:
    wanted = getattr(plugin, "LVZOO_HOOKSPEC_VERSION", hookspecs.HOOKSPEC_VERSION)
    if wanted != hookspecs.HOOKSPEC_VERSION:
        older = "lvzoo" if isinstance(wanted, int) and wanted > hookspecs.HOOKSPEC_VERSION else "the plugin"
        raise PluginError(
            f"asks for hookspec version {wanted!r} and this lvzoo has {hookspecs.HOOKSPEC_VERSION}; "
            f"update {older}"
        )


def _hooks_of(plugin: object, manager: pluggy.PluginManager) -> tuple[str, ...]:
    known = {name for name in dir(hookspecs) if manager.parse_hookspec_opts(hookspecs, name) is not None}
    hooks = []
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        hook = (options and options.get("specname")) or name
        if options and hook not in known:
            raise PluginError(f"implements the unknown hook {hook!r}{_similar_hook(hook, known)}; rename it")
        if not options and name in known and inspect.isroutine(getattr(plugin, name)):
            raise PluginError(f"{name} is not marked as an implementation; put @lvzoo.hookimpl above it")
        if options:
            _check_arguments(hook, getattr(plugin, name), getattr(hookspecs, hook))
            hooks.append(hook)
    if not hooks:
        raise PluginError(
            "implements no hook; write one (lvzoo_families, say) and mark it with @lvzoo.hookimpl"
        )
    return tuple(hooks)


def _similar_hook(name: str, known: Iterable[str]) -> str:
    """Suggest hooks by the part of their names in which they differ."""
    prefix = f"{hookspecs.PROJECT}_"
    hint = did_you_mean(name.removeprefix(prefix), [each.removeprefix(prefix) for each in known])
    return re.sub(r"'(\w)", rf"'{prefix}\1", hint)


def _check_arguments(hook: str, implementation: Any, specification: Any) -> None:  # noqa: ANN401 - any callables
    known = list(inspect.signature(specification).parameters)
    for argument in inspect.signature(implementation).parameters:
        if argument not in known:
            has = ", ".join(known) or "none"
            hint = did_you_mean(argument, known)
            raise PluginError(f"{hook} takes an unknown argument {argument!r}{hint}; the hook's are: {has}")


def _records(manager: pluggy.PluginManager, hook: str, kind: type[Record]) -> tuple[Record, ...]:
    """Call one hook and return its records, each of which must be a `kind`.

    pluggy would drop a None in silence, so the implementation is called without it.
    """
    try:
        answers = [
            implementation.function() for implementation in getattr(manager.hook, hook).get_hookimpls()
        ]
        records = [record for answer in answers for record in _iterated(hook, answer)]
    except PluginError:
        raise
    except BaseException as error:
        raise PluginError(f"{hook} raises {_one_line(error)}{_place(error)}; ask its author") from error
    for record in records:
        if not isinstance(record, kind):
            raise PluginError(
                f"{hook} returns a {type(record).__name__} where a {kind.__name__} is due; correct the plugin"
            )
    return tuple(records)


def _iterated(hook: str, answer: object) -> Iterable[Any]:
    if isinstance(answer, Iterable) and not isinstance(answer, str):
        return answer
    raise PluginError(
        f"{hook} returns a {type(answer).__name__} where a list of records is due; correct the plugin"
    )


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def _place(error: BaseException) -> str:
    """Return where in the plugin's own files an exception came from: ` (my_plugin/__init__.py, line 3)`."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
    ]
    if not frames or frames[-1].filename == __file__:
        return ""
    path = Path(frames[-1].filename)
    return f" ({path.parent.name}/{path.name}, line {frames[-1].lineno})"
