"""The base class of networks that another library runs from a file. It needs no such library itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from lvzoo.weights.card import AUTHOR


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What a file that `lvzoo export` wrote says about its model."""

    trained_on: str
    synthetic: bool
    paper: str | None
    licence: str | None


class FileNetwork(nn.Module):
    """A network that another library runs from the file `path`. It can be neither trained nor exported."""

    path: Path
    format: str
    """The format of the file, for errors: "ONNX"."""

    @property
    def stated(self) -> Stated | None:
        """What the file says about its model; None if `lvzoo export` did not write it."""
        return None


def find_file_network(model: nn.Module) -> FileNetwork | None:
    """Return the network that a model runs from a file, or None if it runs none."""
    return next((module for module in model.modules() if isinstance(module, FileNetwork)), None)


def parse_stated(metadata: Mapping[str, Any]) -> Stated | None:
    """Return what the metadata of an exported file say about its model; None if they do not name its data."""
    about = metadata.get("trained_on")
    about = about if isinstance(about, Mapping) else {}
    if not (text := _read_text(about, "text")):
        return None
    return Stated(
        trained_on=text.replace(f" ({AUTHOR})", ""),
        synthetic=about.get("synthetic") is True,
        paper=_read_text(metadata, "paper"),
        licence=_read_text(metadata, "licence"),
    )


def _read_text(values: Mapping[str, Any], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) else None
