"""Suites of plugins are checked before they are used."""

from __future__ import annotations

import dataclasses
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lvzoo.errors import PluginError
from lvzoo.noise.apply import RESERVED, corrupt_frame, open_suite, suite_digest
from lvzoo.noise.suite import NOISE_V1, Corruption, NoiseV1, TableSuite
from lvzoo.rank.export import HEADLINE
from lvzoo.rank.patients import OVERALL, PHASES
from lvzoo.types import CLEAN, Condition, NoiseSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Ward:
    """A suite as a plugin may write it; tests break parts of it."""

    def __init__(self, **spoilt: Any) -> None:  # noqa: ANN401 - anything may be wrong with it
        self.name = "ward"
        self.families: Mapping[str, tuple[str, ...]] = spoilt.get("families", {"ours": ("dim",)})
        self.severities: tuple[int, ...] = spoilt.get("severities", (1, 2))

    def corrupt(self, frame_HW: NDArray[np.uint8], condition: Condition, **_: object) -> Any:  # noqa: ANN401
        return frame_HW // (1 + condition.severity)


def opened(monkeypatch: pytest.MonkeyPatch, factory: object) -> object:
    module = ModuleType("ward_plugin")
    module.Suite = factory  # type: ignore[attr-defined] # a module made for the test
    monkeypatch.setitem(sys.modules, "ward_plugin", module)
    return open_suite(NoiseSource(name="ward", factory="ward_plugin:Suite", summary="a ward's"))


def test_a_sound_suite_opens_and_corrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = opened(monkeypatch, Ward)
    assert isinstance(suite, Ward)
    assert len(suite_digest(suite)) == 16


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ({"families": {"clean": ("dim",)}}, "'clean' is reserved"),
        ({"families": {"ours": ("ED",)}}, "'ED' is reserved"),
        ({"families": {}}, "it has no corruptions"),
        ({"severities": ()}, "no severities"),
        ({"severities": (0, 1)}, "severity 0"),
        ({"families": {"a": ("dim",), "b": ("dim",)}}, "corruption 'dim'.* twice"),
    ],
)
def test_a_broken_table_is_refused(
    spoilt: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PluginError, match=f"ward: .*{reason}"):
        opened(monkeypatch, lambda: Ward(**spoilt))


def test_a_factory_that_fails_or_returns_something_else_is_a_plugin_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def burst() -> None:
        raise ValueError("no such ward")

    with pytest.raises(PluginError, match=r"ward_plugin:Suite failed: ValueError: no such ward"):
        opened(monkeypatch, burst)
    with pytest.raises(PluginError, match=r"ward_plugin:Suite.*name, families, severities and corrupt"):
        opened(monkeypatch, dict)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda frame_HW: frame_HW / 255, r"uint8 \(112, 112\) into float64 \(112, 112\)"),
        (lambda frame_HW: frame_HW[:, :100], r"uint8 \(112, 112\) into uint8 \(112, 100\)"),
        (lambda _: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_result_that_is_not_a_frame_is_a_plugin_error(wrong: Any, reason: str) -> None:  # noqa: ANN401
    class Wrong(Ward):
        def corrupt(self, frame_HW: NDArray[np.uint8], condition: Condition, **_: object) -> Any:  # noqa: ANN401, ARG002
            return wrong(frame_HW)

    frame_HW = np.zeros((112, 112), np.uint8)
    with pytest.raises(PluginError, match=f"ward: dim at severity 2.*{reason}"):
        corrupt_frame(
            Wrong(),
            frame_HW,
            Condition(corruption="dim", severity=2),
            video="v",
            frame=0,
            sector=None,  # type: ignore[arg-type] # the suite never looks at it
        )


def test_the_digest_changes_with_families_and_levels() -> None:
    digest = suite_digest(NoiseV1())
    assert suite_digest(TableSuite("noise-v1", NOISE_V1)) == digest
    regrouped = tuple(_with(line, family="one") for line in NOISE_V1)
    assert suite_digest(TableSuite("noise-v1", regrouped)) != digest
    for number, line in enumerate(NOISE_V1):
        other = (*line.levels[:-1], line.levels[-2])
        edited = (*NOISE_V1[:number], _with(line, levels=other), *NOISE_V1[number + 1 :])
        assert suite_digest(TableSuite("noise-v1", edited)) != digest, line.name


def _with(line: Corruption[Any], **changes: Any) -> Corruption[Any]:  # noqa: ANN401 - any field
    return dataclasses.replace(line, **changes)


def test_the_reserved_names_are_those_that_tables_use() -> None:
    assert set(RESERVED) == {OVERALL, CLEAN.corruption, *PHASES, HEADLINE}
