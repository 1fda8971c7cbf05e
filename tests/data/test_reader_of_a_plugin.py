"""The reader that docs/data.md shows for plugins works, and imports only what authors may use."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.data.labelled import split_patients
from lvzoo.interfaces import Dataset
from lvzoo.plugins.declarations import Declarations, find_mistake
from lvzoo.registry import DataReader
from lvzoo.registry.data_options import read_data_options
from tests.datasets.phantom_hearts import make_heart, recall_sector

if TYPE_CHECKING:
    from lvzoo.types import DatasetSource

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
ALLOWED = (
    "lvzoo",
    "lvzoo.types",
    "lvzoo.interfaces",
    "lvzoo.errors",
    "lvzoo.geometry",
    "lvzoo.data.labelled",
)
PATIENTS = ("anna", "ben", "finn")


@pytest.fixture
def blocks() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition("## A layout of your own")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code
    return names


def test_reader_of_the_page_loads_frames(
    blocks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lvzoo.data.crop.fit_sector", recall_sector)
    (tmp_path / "clips").mkdir()
    for number, patient in enumerate(PATIENTS):
        heart = make_heart(number)
        for view in ("4CH", "2CH"):
            file = tmp_path / "clips" / f"{patient}_{view}.npz"
            np.savez(file, pictures=heart.grey_NHW, masks=heart.labels_NHW == 1)
    archive, declaring = (run(block) for block in blocks)
    source: DatasetSource
    [source] = declaring["lvzoo_datasets"]()
    assert find_mistake(Declarations(datasets=(source,))) is None
    module: Any = ModuleType("my_reader.archive")
    module.Archive = archive["Archive"]
    monkeypatch.setitem(sys.modules, "my_reader", ModuleType("my_reader"))
    monkeypatch.setitem(sys.modules, "my_reader.archive", module)
    dataset = DataReader.of(source, read_data_options([source], {"archive.view": "2CH"})).open(tmp_path)
    assert isinstance(dataset, Dataset)
    for patient, split in split_patients(PATIENTS).items():
        frames = dataset.load(split)
        assert frames.videos == (f"{patient}_2CH", f"{patient}_2CH")
        assert (frames.phases, frames.frame_indices) == (("ED", "ES"), (0, 3))
        assert frames.views == ("2CH", "2CH")


def test_reader_of_the_page_imports_only_what_authors_may_use(blocks: list[str]) -> None:
    imported = re.findall(r"^from (lvzoo[\w.]*) import", "\n".join(blocks), flags=re.MULTILINE)
    assert imported
    assert set(imported) <= set(ALLOWED)
