"""Builds the network of an entry. No other code calls a plugin's factory."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.interfaces import LVModel
from lvzoo.plugins import explain_plugin_error, resolve
from lvzoo.types import Entry


def build_model(entry: Entry, *, seed: int = 0) -> nn.Module:
    """Build an entry's network with weights drawn from a seed.

    The state of torch's global random generator is restored afterwards.

    Raises:
        PluginError: the plugin cannot be imported, or its factory does not build a model.
    """
    factory = resolve(entry.family.factory)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = factory(**entry.options)
        except PluginError as error:  # the plugin has already explained the mistake
            raise PluginError(f"{entry.name}: {error}") from error
        except Exception as error:
            raise PluginError(
                f"{entry.name}: {entry.family.factory} (plugin '{entry.plugin}') failed to build: "
                f"{explain_plugin_error(error, entry.family.factory)}; {_remedy(error, entry)}"
            ) from error
    if not (isinstance(model, nn.Module) and isinstance(model, LVModel)):
        raise PluginError(
            f"{entry.name}: {entry.family.factory} (plugin '{entry.plugin}') is not a model; inherit MaskModel or "
            "LandmarkModel from lvzoo.models.base, or write the methods forward, loss and decode"
        )
    return model


def _remedy(error: Exception, entry: Entry) -> str:
    """Return what to do about an exception of a factory."""
    if "before Module.__init__() call" in str(error):
        return "call super().__init__() first in the model's __init__"
    return f"`lvzoo info {entry.name}` shows its options"


def as_trained(entry: Entry) -> Entry:
    """Return the entry with the default for every option that only matters at the start of training.

    A trained model is built this way: it does not download pretrained weights that would be overwritten at once.
    """
    defaults = {name: option.default for name, option in entry.family.options.items() if option.training_only}
    return dataclasses.replace(entry, options={**entry.options, **defaults})
