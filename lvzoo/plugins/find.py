"""Finds the installed plugins and what they declare, and quarantines the broken ones.

A plugin is an entry point of the group `lvzoo`. Its declarations are read in a separate process
(`lvzoo.plugins.probe`), once for each version of its files, and cached. A plugin that cannot be read has a `fault`
instead. Only `resolve` and `hook_manager` import a plugin's code into this process.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from lvzoo.errors import PluginError, UsageError, did_you_mean, explain_exception
from lvzoo.plugins.declarations import Declarations
from lvzoo.plugins.probing import Request, read_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pluggy

GROUP: Final = "lvzoo"
BUNDLED: Final = "lvzoo"
"""The distribution whose plugins come first, so that no other plugin can take their names."""
CORE: Final = "core"
"""The plugin with lvzoo's own data sets and noise suite; the only one that cannot be disabled."""
LEFT_OUT: Final = "left out by LVZOO_PLUGINS; add it there"
DISABLED: Final = "disabled by LVZOO_DISABLE_PLUGINS (or --no-plugin); take it out there"
NOTIFICATIONS: Final = ("lvzoo_epoch_finished", "lvzoo_trial_finished")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """One installed plugin. A `fault` says why it is not used (quarantined) and what to do."""

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
    def disabled(self) -> bool:
        """Whether the user has disabled the plugin."""
        return self.fault in (LEFT_OUT, DISABLED)

    def quarantine(self, fault: str) -> Plugin:
        """Return the plugin with a fault, so that it is not used."""
        return dataclasses.replace(self, fault=fault)


def find_plugins() -> tuple[Plugin, ...]:
    """Return every installed plugin, the bundled ones first and then by name; the broken ones have a fault.

    `LVZOO_PLUGINS` (use only these, and core) and `LVZOO_DISABLE_PLUGINS` hold comma-separated plugin names.

    Raises:
        UsageError: `LVZOO_PLUGINS` names a plugin that is not installed.
    """
    installed = _installed_plugins()
    disabled = _disabled({plugin.name for plugin in installed})
    wanted = [plugin for plugin in installed if plugin.name not in disabled]
    answers = iter(
        read_all([Request(each.name, each.value, each.distribution, each.version) for each in wanted])
    )
    return _quarantine_repeats(
        plugin.quarantine(disabled[plugin.name])
        if plugin.name in disabled
        else _with_answer(plugin, next(answers))
        for plugin in installed
    )


def resolve(path: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import and return "package.module:attribute" (or "package.module").

    Raises:
        PluginError: the import fails; says why.
    """
    module, _, attributes = path.partition(":")
    try:
        with redirect_stdout(sys.stderr):  # stdout is data
            found: Any = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"cannot load '{path}': {explain_exception(error)}; {_remedy(error, module)} "
            "(--debug shows the traceback)"
        ) from error
    return found


def hook_manager(plugins: Iterable[Plugin]) -> pluggy.PluginManager:
    """Return a manager that calls the plugins' `lvzoo_epoch_finished` and `lvzoo_trial_finished` hooks.

    Only plugins that implement one of these two are imported.

    Raises:
        PluginError: such a plugin cannot be imported.
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
    """Return what the user can do about a name that cannot be loaded from `module`."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        own = "." in error.name and error.name.partition(".")[0] == module.partition(".")[0]
        return f"correct the name {error.name!r} in the plugin" if own else f"install {error.name!r}"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        return f"correct the name in its factory{did_you_mean(error.name or '', vars(error.obj))}"
    return "update or uninstall the plugin, or ask its author"


# --- The installed plugins ----------------------------------------------------------------------------------


def _installed_plugins() -> list[Plugin]:
    """Return the installed plugins in their order, before anything is read from them."""
    found = []
    for point in metadata.entry_points(group=GROUP):
        facts = point.dist and point.dist.metadata  # parsed at each use
        found.append(
            Plugin(
                name=point.name,
                value=point.value,
                distribution=(facts and facts["Name"]) or "?",
                version=(facts and facts["Version"]) or "?",
                declared=Declarations(),
            )
        )
    return sorted(found, key=lambda each: (not each.bundled, each.name != CORE, each.name, each.distribution))


def _disabled(installed: set[str]) -> dict[str, str]:
    """Return the plugins that the environment disables, and the reason to show for each."""
    disabled = {}
    if only := _names_in("LVZOO_PLUGINS"):
        for name in only:
            if name not in installed:
                hint = did_you_mean(name, installed)
                raise UsageError(f"LVZOO_PLUGINS: no plugin {name!r} is installed{hint}; correct or unset it")
        disabled = dict.fromkeys(installed - set(only), LEFT_OUT)
    unwanted = _names_in("LVZOO_DISABLE_PLUGINS")
    for name in unwanted:
        if name not in installed:  # not an error: several machines may share a setting
            _warn_of_unknown(name, installed)
    disabled |= dict.fromkeys(unwanted, DISABLED)
    disabled.pop(CORE, None)
    return disabled


def _names_in(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _warn_of_unknown(name: str, installed: set[str]) -> None:
    import logging

    line = "LVZOO_DISABLE_PLUGINS, --no-plugin: no plugin %r is installed%s"
    logging.getLogger(__name__).warning(line, name, did_you_mean(name, installed))


def _with_answer(plugin: Plugin, answer: Declarations | str) -> Plugin:
    if isinstance(answer, str):
        return plugin.quarantine(answer)
    return dataclasses.replace(plugin, declared=answer)


def _quarantine_repeats(plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
    """Quarantine each plugin that repeats a name of an earlier one: its own, a family, a data set, a noise suite."""
    owners: dict[tuple[str, str], Plugin] = {}
    kept = []
    for plugin in plugins:
        names = _names_of(plugin)
        repeated = next((name for name in names if name in owners), None)
        if repeated and not plugin.fault:
            (what, name), owner = repeated, owners[repeated]
            kept.append(
                plugin.quarantine(
                    f"repeats the {what} {name!r} of plugin {owner.name!r} from {owner.distribution}; rename it"
                )
            )
        else:
            kept.append(plugin)
            owners = dict.fromkeys(names, plugin) | owners
    return tuple(kept)


def _names_of(plugin: Plugin) -> list[tuple[str, str]]:
    declared = plugin.declared
    return [
        ("plugin name", plugin.name),
        *(("family", each.name) for each in declared.families),
        *(("data set", each.name) for each in declared.datasets),
        *(("noise suite", each.name) for each in declared.noises),
    ]
