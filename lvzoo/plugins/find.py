"""Finds the installed plugins and what they declare, and keeps the broken ones from harming anyone.

A plugin is an entry point of the group `lvzoo`. Its declarations are read in a process of its own
(`lvzoo.plugins.probe`), once for each version of its files, and cached; a plugin that cannot be read has a `fault`
instead. Importing a plugin's code here happens only in `resolve` and `hook_manager`.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import PluginError, UsageError, did_you_mean
from lvzoo.plugins import declarations
from lvzoo.plugins.points import Point, installed_points
from lvzoo.plugins.probing import Request, read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pluggy

    from lvzoo.plugins.declarations import Declarations

GROUP: Final = "lvzoo"
BUNDLED: Final = "lvzoo"
"""The distribution whose plugins come first: their names are taken before anyone else's."""
CORE: Final = "core"
"""The plugin that holds lvzoo's own data sets and noise; the only one that cannot be disabled."""
LEFT_OUT: Final = "left out by LVZOO_PLUGINS; add it there"
DISABLED: Final = "disabled by LVZOO_DISABLE_PLUGINS (or --no-plugin); take it out there"
NOTIFICATIONS: Final = ("lvzoo_epoch_finished", "lvzoo_trial_finished")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One installed plugin; with a `fault` (why it is not used, and what to do) it is quarantined."""

    name: str
    value: str
    distribution: str
    version: str
    declared: Declarations
    fault: str | None = None

    @property
    def bundled(self) -> bool:
        """Whether the plugin ships with lvzoo."""
        return self.distribution == BUNDLED

    @property
    def switched_off(self) -> bool:
        """Whether the plugin is not used because the user wants it so."""
        return self.fault in (LEFT_OUT, DISABLED)

    def quarantine(self, fault: str) -> Plugin:
        """Return the plugin as one that is not used, and why."""
        return dataclasses.replace(self, fault=fault)


def find_plugins() -> tuple[Plugin, ...]:
    """Return every installed plugin, bundled ones first and then by name, the broken ones with their fault.

    `LVZOO_PLUGINS` (only these, and core) and `LVZOO_DISABLE_PLUGINS` hold comma-separated plugin names.

    Raises:
        UsageError: `LVZOO_PLUGINS` names a plugin that is not installed.
    """
    found = sorted(map(_unread, installed_points(GROUP)), key=_order)
    disabled = _disabled({plugin.name for plugin in found})
    found = _refuse_repeated_names([_refuse(plugin, disabled.get(plugin.name)) for plugin in found])
    requests = [
        Request(each.name, each.value, each.distribution, each.version) for each in found if not each.fault
    ]
    answers = iter(read_all(requests))
    return _refuse_repeated_sources([each if each.fault else _read(each, next(answers)) for each in found])


def resolve(path: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import "package.module:attribute" (or "package.module") here and now.

    Raises:
        PluginError: it does not import, for the reason named.
    """
    module, _, attributes = path.partition(":")
    try:
        with redirect_stdout(sys.stderr):  # stdout is data
            found: Any = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PluginError(
            f"cannot load '{path}': {reason}; {_remedy(error, module)} (--debug shows the traceback)"
        ) from error
    return found


def hook_manager(plugins: Iterable[Plugin]) -> pluggy.PluginManager:
    """Return a manager whose `hook.lvzoo_epoch_finished(...)` and `hook.lvzoo_trial_finished(...)` notify.

    Only plugins that implement one of these two are imported.

    Raises:
        PluginError: such a plugin does not import here.
    """
    import pluggy

    from lvzoo import hookspecs

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for plugin in plugins:
        if not plugin.fault and set(NOTIFICATIONS) & set(plugin.declared.hooks):
            manager.register(resolve(plugin.value), plugin.name)
    return manager


def _remedy(error: BaseException, module: str) -> str:
    """Return what to do about a name that cannot be loaded from `module`."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        own = "." in error.name and error.name.partition(".")[0] == module.partition(".")[0]
        return f"correct the name {error.name!r} in the plugin" if own else f"install {error.name!r}"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return f"correct the name in its factory{did_you_mean(error.name or '', vars(error.obj))}"
    return "update or uninstall the plugin, or ask its author"


# --- Which plugins there are, and which may speak -----------------------------------------------------------


def _unread(point: Point) -> Plugin:
    return Plugin(**point._asdict(), declared=declarations.Declarations())


def _order(plugin: Plugin) -> tuple[bool, bool, str, str]:
    return (not plugin.bundled, plugin.name != CORE, plugin.name, plugin.distribution)


def _disabled(installed: set[str]) -> dict[str, str]:
    """Return, for each plugin that the environment switches off, the reason to show."""
    only = _names_in("LVZOO_PLUGINS")
    for name in only:
        if name not in installed:
            hint = did_you_mean(name, installed)
            raise UsageError(f"LVZOO_PLUGINS: no plugin {name!r} is installed{hint}; correct or unset it")
    left_out = installed - set(only) if only else set()
    disabled = dict.fromkeys(left_out, LEFT_OUT)
    unwanted = _names_in("LVZOO_DISABLE_PLUGINS")
    for name in unwanted:
        if name not in installed:  # no error: several machines may share a setting
            hint = did_you_mean(name, installed)
            _warn("LVZOO_DISABLE_PLUGINS, --no-plugin: no plugin %r is installed%s", name, hint)
    disabled |= dict.fromkeys(unwanted, DISABLED)
    disabled.pop(CORE, None)
    return disabled


def _warn(line: str, *words: str) -> None:
    import logging

    logging.getLogger(__name__).warning(line, *words)


def _names_in(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _refuse(plugin: Plugin, fault: str | None) -> Plugin:
    return plugin.quarantine(fault) if fault else plugin


def _read(plugin: Plugin, answer: Declarations | str) -> Plugin:
    if isinstance(answer, str):
        return plugin.quarantine(answer)
    return dataclasses.replace(plugin, declared=answer)


def _refuse_repeated_names(plugins: Iterable[Plugin]) -> list[Plugin]:
    owners: dict[str, Plugin] = {}
    kept = []
    for plugin in plugins:
        owner = owners.setdefault(plugin.name, plugin)
        kept.append(
            plugin
            if owner is plugin
            else plugin.quarantine(
                f"repeats the plugin name {plugin.name!r} of {owner.distribution}; rename its entry point"
            )
        )
    return kept


def _refuse_repeated_sources(plugins: Sequence[Plugin]) -> tuple[Plugin, ...]:
    """Quarantine each plugin that declares a family, data set or noise suite which an earlier one has."""
    owners: dict[tuple[str, str], Plugin] = {}
    kept = []
    for plugin in plugins:
        names = [] if plugin.fault else _names_declared(plugin.declared)
        taken = next((name for name in names if name in owners), None)
        if taken:
            what, name = taken
            owner = owners[taken]
            kept.append(plugin.quarantine(f"repeats the {what} {name!r} of plugin {owner.name!r}; rename it"))
        else:
            owners |= dict.fromkeys(names, plugin)
            kept.append(plugin)
    return tuple(kept)


def _names_declared(declared: Declarations) -> list[tuple[str, str]]:
    return [
        *(("family", each.name) for each in declared.families),
        *(("data set", each.name) for each in declared.datasets),
        *(("noise suite", each.name) for each in declared.noises),
    ]
