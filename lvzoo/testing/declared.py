"""Checks of what an entry and its plugin declare. Nothing is trained; the last check builds the network."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final

from lvzoo.errors import PluginError
from lvzoo.plugins import resolve
from lvzoo.types import find_value_mistake
from lvzoo.weights.network import find_odd_tensor

if TYPE_CHECKING:
    from lvzoo.testing.subject import Subject

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
OPTION: Final = re.compile(r"[a-z][a-z0-9_]*")


def torch_free(subject: Subject) -> None:
    """Importing the plugin's entry module, in a separate process, does not import torch or another heavy library."""
    plugin = subject.plugin
    if plugin.declared.heavy:
        network = subject.entry.family.factory.partition(":")[0]
        raise PluginError(
            f"importing {plugin.value} also imports {', '.join(plugin.declared.heavy)}; only declare there, and keep "
            f"the network in the factory's module ({network}), which must not be imported there"
        )


def names(subject: Subject) -> None:
    """The names of the plugin, the family and the entry are lower-case words joined by hyphens."""
    entry = subject.entry
    for what, name in (("plugin", entry.plugin), ("family", entry.family.name), ("entry", entry.name)):
        if not NAME.fullmatch(name):
            better = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "my-net"
            raise PluginError(
                f"the {what} is named {name!r}; use lower-case words joined by hyphens: {better!r}"
            )


def options(subject: Subject) -> None:
    """Every option has a lower-case name, a help text, and a default and a value of the right type."""
    entry = subject.entry
    for name, option in entry.family.options.items():
        where = f"option {name!r} of family {entry.family.name!r}"
        if not OPTION.fullmatch(name):
            raise PluginError(
                f"{where} is not named in lower-case words; rename it, and join words by underscores"
            )
        if not option.help.strip():
            raise PluginError(f"{where} has no help; describe it and its unit in Option(help=...)")
        for which, value in (("default", option.default), ("value", entry.options[name])):
            if mistake := find_value_mistake(option, value):
                raise PluginError(f"{where}: the {which} {mistake}; correct it")


def licence(subject: Subject) -> None:
    """The entry declares the licence of its code or weights."""
    entry = subject.entry
    if entry.licence is None:
        where = entry.catalogue or "a registry.yaml that lvzoo_catalogues returns"
        raise PluginError(
            f"no licence is declared; write 'licence: MIT' (or your licence) under {entry.name} in {where}"
        )


def requirements(subject: Subject) -> None:
    """Every module that the family requires is installed."""
    if subject.missing:
        raise PluginError(
            f"needs {', '.join(subject.missing)}; install it, or remove it from Family(requires=...)"
        )


def factory(subject: Subject) -> None:
    """The factory can be imported and accepts every option as a keyword; a trainer of its own has a method `fit`."""
    family = subject.entry.family
    build = resolve(family.factory)
    if not callable(build):
        raise PluginError(
            f"the factory {family.factory} is a {type(build).__name__}; name a class or a function"
        )
    try:
        inspect.signature(build).bind(**subject.entry.options)
    except TypeError as error:
        raise PluginError(
            f"{family.factory} does not accept the options that the family declares ({error}); give it one keyword "
            "argument per option"
        ) from error
    if family.trainer is not None and not hasattr(resolve(family.trainer), "fit"):
        raise PluginError(
            f"the trainer {family.trainer} has no method 'fit'; write it as lvzoo.interfaces.Trainer shows"
        )


def builds(subject: Subject) -> None:
    """The network can be built with the entry's options, has trainable parameters, and can be kept in a file."""
    model = subject.build()
    if subject.entry.family.trainable and not any(
        parameter.requires_grad for parameter in model.parameters()
    ):
        raise PluginError(
            "the model has no trainable parameters; create them with torch.nn, and do not freeze all of them, or "
            "declare the family with trainable=False"
        )
    if odd := find_odd_tensor(model.state_dict()):
        raise PluginError(
            f"{odd}, so lvzoo would refuse the trained weights; keep only finite real numbers in parameters and "
            "buffers, or register a constant buffer with persistent=False"
        )
