"""From an entry to a network: the only place where a plugin's model is made."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from lvzoo.errors import PluginError
from lvzoo.interfaces import LVModel
from lvzoo.plugins import raised, resolve
from lvzoo.types import Entry


def build_model(entry: Entry, *, seed: int = 0) -> nn.Module:
    """Build an entry's network with weights drawn from a seed; torch's global generator is left as it was.

    Raises:
        PluginError: the plugin cannot be imported, or its factory does not build a model.
    """
    factory = resolve(entry.family.factory)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = factory(**entry.options)
        except PluginError as error:  # the plugin's own sentence says it best
            raise PluginError(f"{entry.name}: {error}") from error
        except Exception as error:
            raise PluginError(
                f"{entry.name}: {entry.family.factory} (plugin '{entry.plugin}') failed to build: "
                f"{raised(error, entry.family.factory)}; {_remedy(error, entry)}"
            ) from error
    if not (isinstance(model, nn.Module) and isinstance(model, LVModel)):
        raise PluginError(
            f"{entry.name}: {entry.family.factory} (plugin '{entry.plugin}') is no model: it must inherit "
            "MaskModel or LandmarkModel of lvzoo.models.base, or bring forward, loss and decode"
        )
    return model


def _remedy(error: Exception, entry: Entry) -> str:
    if "before Module.__init__() call" in str(error):
        return "call super().__init__() first in its __init__"
    return f"see its options with `lvzoo info {entry.name}`"


def as_trained(entry: Entry) -> Entry:
    """Return the entry without what only its training needs: no pretrained weights are fetched to be replaced."""
    settled = {name: option.default for name, option in entry.family.options.items() if option.training_only}
    return dataclasses.replace(entry, options={**entry.options, **settled})
