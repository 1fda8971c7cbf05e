"""Writes a weights file and its page: either both or neither."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from lvzoo.errors import DataError, UsageError, name_option
from lvzoo.files import atomic_file, check_folder
from lvzoo.types import has_control_characters
from lvzoo.weights.card import KEY, WeightsCard
from lvzoo.weights.header import read_card
from lvzoo.weights.locate import SUFFIX
from lvzoo.weights.page import render_card


def check_output(path: Path) -> None:
    """Raise an error if a weights file cannot be written: a bad name, no folder, or the file or its page exists."""
    check_folder(path.parent)
    if has_control_characters(path.name):
        raise UsageError(f"{path}: the name has control characters; name another {name_option('out')}")
    if path.suffix != SUFFIX:
        raise UsageError(f"{path}: a weights file's name ends in {SUFFIX}; name it {path.stem}{SUFFIX}")
    for each in (path, _find_page(path)):
        if each.exists():
            raise DataError(f"{each}: exists; name another {name_option('out')}")


def write_weights(weights: Mapping[str, torch.Tensor], card: WeightsCard, path: Path) -> Path:
    """Write the weights file and its page, after reading the file back under a temporary name. Return the page."""
    page = _find_page(path)
    with atomic_file(page) as temporary_page, atomic_file(path) as temporary:
        save_file(dict(weights), temporary, metadata={KEY: card.to_json()})
        try:
            kept = read_card(temporary)
        except DataError as error:
            raise DataError(f"{error}".replace(str(temporary), str(path))) from error
        text = render_card(kept, file=path.name, size_bytes=temporary.stat().st_size)
        temporary_page.write_text(text, encoding="utf-8")
    return page


def _find_page(path: Path) -> Path:
    return path.with_suffix(".md")
