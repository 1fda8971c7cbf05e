"""Checks of what an entry and its plugin say of themselves: nothing is trained, a network is built at the end."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final

from lvzoo.errors import PluginError
from lvzoo.plugins import resolve
from lvzoo.types import mistake_in_value

if TYPE_CHECKING:
    from lvzoo.testing.subject import Subject

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
OPTION: Final = re.compile(r"[a-z][a-z0-9_]*")


def torch_free(subject: Subject) -> None:
    """Importing the entry module, in a process of its own, imports no heavy library."""
    plugin = subject.plugin
    if plugin.declared.heavy:
        network = subject.entry.family.factory.partition(":")[0]
        raise PluginError(
            f"importing {plugin.value} imports {', '.join(plugin.declared.heavy)}; let it only declare, and "
            f"keep the network in the factory's module ({network}), which nothing there imports"
        )


def names(subject: Subject) -> None:
    """Plugin, family and entry have names of lower-case words joined by hyphens."""
    entry = subject.entry
    for what, name in (("plugin", entry.plugin), ("family", entry.family.name), ("entry", entry.name)):
        if not NAME.fullmatch(name):
            better = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "my-net"
            raise PluginError(f"the {what} is called {name!r}; use lower-case words and hyphens: {better!r}")


def options(subject: Subject) -> None:
    """Every option has a lower-case name, a help, and a default and a value of its type."""
    entry = subject.entry
    for name, option in entry.family.options.items():
        where = f"option {name!r} of family {entry.family.name!r}"
        if not OPTION.fullmatch(name):
            raise PluginError(f"{where} must be lower-case words joined by underscores; rename it")
        if not option.help.strip():
            raise PluginError(f"{where} has no help; say in Option(help=...) what it does, and its unit")
        for which, value in (("default", option.default), ("value", entry.options[name])):
            if mistake := mistake_in_value(option, value):
                raise PluginError(f"{where}: the {which} {mistake}; correct it")


def licence(subject: Subject) -> None:
    """The entry declares the licence of its code or weights."""
    entry = subject.entry
    if entry.licence is None:
        where = entry.catalogue or "a registry.yaml that lvzoo_catalogues returns"
        raise PluginError(
            f"no licence is declared; write 'licence: MIT' (or what it is) under {entry.name} in {where}"
        )


def requirements(subject: Subject) -> None:
    """Every module that the family requires is installed."""
    if subject.missing:
        raise PluginError(
            f"needs {', '.join(subject.missing)}; install it, or take it out of Family(requires=...)"
        )


def factory(subject: Subject) -> None:
    """The factory (and the own trainer's) can be imported, and takes every option as a keyword."""
    family = subject.entry.family
    build = resolve(family.factory)
    if not callable(build):
        raise PluginError(
            f"the factory {family.factory} is a {type(build).__name__}; name a class or function"
        )
    try:
        inspect.signature(build).bind(**subject.entry.options)
    except TypeError as error:
        raise PluginError(
            f"{family.factory} does not take the options that the family declares ({error}); "
            "give it one keyword argument for each"
        ) from error
    if family.trainer is not None and not hasattr(resolve(family.trainer), "fit"):
        raise PluginError(f"the trainer {family.trainer} has no method 'fit'; see lvzoo.interfaces.Trainer")


def builds(subject: Subject) -> None:
    """The network builds with the entry's options and has something to train."""
    model = subject.build()
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise PluginError(
            "the model has no trainable parameter; make them with torch.nn, and leave some unfrozen"
        )
