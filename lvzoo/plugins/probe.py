"""Reads one plugin's declarations in a separate process, so that a broken plugin harms nothing else.

`lvzoo.plugins.probing` starts the process with `COMMAND` and two arguments: the request (JSON with `sys_path`, `name`
and `value`) and the file to write the answer to (JSON with `declared` or `fault`). If there is no answer, the plugin
ended the process. The output of the plugin is discarded.
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
from lvzoo.errors import PluginError, did_you_mean, explain_exception, one_line
from lvzoo.plugins.declarations import Declarations, find_mistake, to_json
from lvzoo.types import DatasetSource, Family, NoiseSource

COMMAND: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1])['sys_path']; "
    "import lvzoo.plugins.probe as p; p.main()"
)
HEAVY: Final = ("torch", "numpy", "pandas", "cv2", "scipy", "matplotlib")
"""Libraries that an entry module should not import: they take seconds, and declarations do not need them."""

Record = TypeVar("Record")


def main() -> NoReturn:
    """Answer the request on the command line, and exit without waiting for the plugin's threads."""
    request = json.loads(sys.argv[1])
    Path(sys.argv[2]).write_text(probe(request["name"], request["value"]), encoding="utf-8")
    os._exit(0)


def probe(name: str, value: str) -> str:
    """Return the answer on the entry point `name = value` as JSON: `{"declared": ...}` or `{"fault": reason}`."""
    try:
        return json.dumps({"declared": to_json(check_declarations(_load(value), name))})
    except PluginError as error:
        return json.dumps({"fault": str(error)})
    except BaseException as error:  # noqa: BLE001 - even looking at a record can raise anything
        return json.dumps(
            {"fault": f"declarations cannot be read: {explain_exception(error)}; correct the plugin"}
        )


def check_declarations(plugin: object, name: str) -> Declarations:
    """Check a loaded plugin against the hookspecs and return what it declares.

    Raises:
        PluginError: the plugin breaks a rule; says which, and what to do.
    """
    _check_version(plugin)
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    hooks = _find_hooks(plugin, manager)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(one_line(error)) from error
    catalogues = _call_hook(manager, "lvzoo_catalogues", Path)
    for path in catalogues:
        if not path.is_absolute():
            raise PluginError(
                f"lvzoo_catalogues returns the relative path '{path}'; "
                f"write Path(__file__).with_name('{path.name}')"
            )
    declared = Declarations(
        families=_call_hook(manager, "lvzoo_families", Family),
        catalogues=tuple(map(str, catalogues)),
        datasets=_call_hook(manager, "lvzoo_datasets", DatasetSource),
        noises=_call_hook(manager, "lvzoo_noises", NoiseSource),
        hooks=hooks,
        heavy=tuple(module for module in HEAVY if module in sys.modules),
    )
    if mistake := find_mistake(declared):
        raise PluginError(f"{mistake}; correct the plugin's declaration")
    return declared


def _load(value: str) -> object:
    module, _, attributes = value.partition(":")
    try:
        plugin: object = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            plugin = getattr(plugin, attribute)
    except SystemExit as error:
        raise PluginError(
            f"calls sys.exit({error.code!r}) on import{_locate(error)}; ask its author"
        ) from error
    except BaseException as error:
        raise PluginError(
            f"raises on import: {explain_exception(error)}{_locate(error)}; {_remedy(error)}"
        ) from error
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


def _find_hooks(plugin: object, manager: pluggy.PluginManager) -> tuple[str, ...]:
    """Return the names of the hooks that a plugin implements, and refuse misspelt and unmarked ones."""
    known = {name for name in dir(hookspecs) if manager.parse_hookspec_opts(hookspecs, name) is not None}
    hooks = []
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        hook = (options and options.get("specname")) or name
        if options and hook not in known:
            raise PluginError(f"implements the unknown hook {hook!r}{_suggest_hooks(hook, known)}; rename it")
        if not options and name in known and inspect.isroutine(getattr(plugin, name)):
            raise PluginError(f"{name} is not marked as an implementation; put @lvzoo.hookimpl above it")
        if options:
            _check_arguments(hook, getattr(plugin, name), getattr(hookspecs, hook))
            hooks.append(hook)
    if not hooks:
        raise PluginError(
            "implements no hook; write one (for example lvzoo_families) and mark it with @lvzoo.hookimpl"
        )
    return tuple(hooks)


def _suggest_hooks(name: str, known: Iterable[str]) -> str:
    """Suggest similar hooks; the prefix that all names share is not compared."""
    prefix = f"{hookspecs.PROJECT}_"
    hint = did_you_mean(name.removeprefix(prefix), [each.removeprefix(prefix) for each in known])
    return re.sub(r"'(\w)", rf"'{prefix}\1", hint)


def _check_arguments(hook: str, implementation: Any, specification: Any) -> None:  # noqa: ANN401 - any callables
    known = list(inspect.signature(specification).parameters)
    for argument in inspect.signature(implementation).parameters:
        if argument not in known:
            hint = did_you_mean(argument, known)
            allowed = ", ".join(known) or "none"
            raise PluginError(f"{hook} takes an unknown argument {argument!r}{hint}; it may take: {allowed}")


def _call_hook(manager: pluggy.PluginManager, hook: str, kind: type[Record]) -> tuple[Record, ...]:
    """Call one hook and return its records, each of which must be a `kind`.

    The implementation is called directly, because pluggy silently drops a hook that returns None.
    """
    try:
        answers = [  # one: the manager knows a single plugin
            implementation.function() for implementation in getattr(manager.hook, hook).get_hookimpls()
        ]
        records = [record for answer in answers for record in _check_iterable(hook, answer)]
    except PluginError:
        raise
    except BaseException as error:
        raise PluginError(
            f"{hook} raises {explain_exception(error)}{_locate(error)}; ask its author"
        ) from error
    for record in records:
        if not isinstance(record, kind):
            raise PluginError(
                f"{hook} returns a {type(record).__name__} instead of a {kind.__name__}; correct the plugin"
            )
    return tuple(records)


def _check_iterable(hook: str, answer: object) -> Iterable[Any]:
    if isinstance(answer, Iterable) and not isinstance(answer, str):
        return answer
    raise PluginError(
        f"{hook} returns a {type(answer).__name__} instead of a list of records; correct the plugin"
    )


def _locate(error: BaseException) -> str:
    """Return the line of the plugin's code that raised an exception: ` (my_plugin/__init__.py, line 3)`."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
    ]
    if not frames or frames[-1].filename == __file__:
        return ""
    path = Path(frames[-1].filename)
    return f" ({path.parent.name}/{path.name}, line {frames[-1].lineno})"
