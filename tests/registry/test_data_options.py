"""Options of data sets are given by the name of the layout, and go to its reader."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

import lvzoo
from lvzoo.cli import main
from lvzoo.errors import UsageError
from lvzoo.plugins.declarations import Declarations, find_mistake, from_json, to_json
from lvzoo.registry import DataReader, open_zoo
from lvzoo.registry.data_options import (
    check_layouts_are_used,
    own_data_options,
    read_data_options,
    write_data_options,
)
from lvzoo.trials.command import command_line
from lvzoo.trials.prepare import settle_data_options
from lvzoo.trials.request import RunRequest
from lvzoo.types import DatasetSource, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lvzoo.types import OptionValue

CLINIC: Final = DatasetSource(
    name="my-clinic.v2",
    factory="my_reader:Clinic",
    summary="our archive",
    markers=("export.json",),
    options={
        "view": Option(default="4CH", help="the view", choices=("4CH", "2CH")),
        "half_sequences": Option(default=True, help="read them"),
        "label": Option(default=0, help="the label"),
        "gain": Option(default=1.0, help="the gain"),
        "patient_pattern": Option(default=None, help="the patient"),
    },
)
PLAIN: Final = DatasetSource(name="plain", factory="my_reader:Clinic", summary="plain", markers=("x",))
LAYOUTS: Final = (CLINIC, PLAIN)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("view", "2CH", "2CH"),
        ("half_sequences", "no", False),
        ("half-sequences", "False", False),
        ("label", "3", 3),
        ("label", 3, 3),
        ("gain", "2", 2.0),
        ("patient-pattern", "(p[0-9]+)", "(p[0-9]+)"),
    ],
)
def test_text_is_read_as_the_type_of_the_option(name: str, given: OptionValue, read: OptionValue) -> None:
    found = read_data_options(LAYOUTS, {f"my-clinic.v2.{name}": given})
    assert found == {f"my-clinic.v2.{name.replace('-', '_')}": read}
    assert [type(value) for value in found.values()] == [type(read)]


def test_default_is_as_if_nothing_was_given() -> None:
    assert read_data_options(LAYOUTS, {"my-clinic.v2.view": "4CH", "my-clinic.v2.label": "0"}) == {}
    assert read_data_options(LAYOUTS, None) == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"my-clinc.v2.view": "2CH"},
            r"unknown data option 'my-clinc.v2.view' \(did you mean 'my-clinic.v2'\?\); .*: my-clinic.v2.view, ",
        ),
        ({"view": "2CH"}, r"unknown data option 'view'"),
        (
            {"my-clinic.v2.veiw": "2CH"},
            r"unknown option 'veiw' of the layout 'my-clinic.v2'; use one of view, half-sequences, .*mean 'view'",
        ),
        (
            {"my-clinic.v2.view": "2HC"},
            r"my-clinic.v2.view must be one of 4CH, 2CH, not '2HC' \(did you mean '2CH'",
        ),
        ({"my-clinic.v2.label": "one"}, r"my-clinic.v2.label must be a whole number, not 'one'"),
        (
            {"my-clinic.v2.half-sequences": "maybe"},
            r"my-clinic.v2.half-sequences must be yes or no, not 'maybe'",
        ),
        ({"plain.view": "2CH"}, r"the layout 'plain' has no options"),
    ],
)
def test_mistake_names_the_choices_and_close_matches(given: Mapping[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_data_options(LAYOUTS, given)


def test_reader_gets_every_option_of_its_own_layout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module: Any = ModuleType("my_reader")
    module.Clinic = lambda folder, **options: (folder, options)
    monkeypatch.setitem(sys.modules, "my_reader", module)
    given = read_data_options(LAYOUTS, {"my-clinic.v2.view": "2CH"})
    opened: Any = DataReader.of(CLINIC, given).open(tmp_path)
    defaults = {name: option.default for name, option in CLINIC.options.items()}
    assert opened == (tmp_path, {**defaults, "view": "2CH"})
    opened = DataReader.of(PLAIN, given).open(tmp_path)
    assert opened == (tmp_path, {})


def test_options_are_told_apart_by_layout_and_written_as_given() -> None:
    given: dict[str, OptionValue] = {"my-clinic.v2.patient_pattern": "(a b)", "other.view": "2CH"}
    assert own_data_options("other", given) == {"other.view": "2CH"}
    assert write_data_options(given) == ["my-clinic.v2.patient-pattern=(a b)", "other.view=2CH"]
    check_layouts_are_used(given, ["my-clinic.v2", "other"])
    with pytest.raises(
        UsageError, match=r"other.view: no data set here has the layout 'other' \(they have plain\)"
    ):
        check_layouts_are_used({"other.view": "2CH"}, ["plain"])


def test_declared_options_pass_through_json() -> None:
    declared = Declarations(datasets=LAYOUTS)
    assert from_json(json.loads(json.dumps(to_json(declared)))) == declared


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"not a name": Option(default=1, help="x")},
            "'my-clinic.v2': option 'not a name' must be a valid name",
        ),
        ({"view": "2CH"}, "option 'view' must be an Option, not a str"),
        (
            {"view": Option(default="3", help="x", choices=("2", "4"))},
            "option 'view': the default must be one of",
        ),
        (["view"], "options must be a mapping of names to Option"),
    ],
)
def test_mistake_in_declared_options_is_found(options: Any, message: str) -> None:  # noqa: ANN401 - mistakes have any type
    source = DatasetSource(
        name=CLINIC.name, factory=CLINIC.factory, summary="x", markers=("x",), options=options
    )
    assert message in (find_mistake(Declarations(datasets=(source,))) or "")


def test_options_belong_to_a_data_set_of_the_request(tmp_path: Path) -> None:
    for part in ("images", "masks"):
        (tmp_path / "ours" / part).mkdir(parents=True)
    (tmp_path / "theirs" / "database_nifti").mkdir(parents=True)
    request = RunRequest(
        call="bench",
        data=tmp_path / "ours",
        also=[tmp_path / "theirs"],
        data_options={"camus.view": "2CH", "masks.label": "1", "camus.half-sequences": "yes"},
    )
    settled = settle_data_options(open_zoo(), request)
    assert settled.data_options == {"camus.view": "2CH", "masks.label": 1}
    line = command_line(settled, ["unet"])
    assert "--data ours " in line
    assert line.endswith("--data-option camus.view=2CH --data-option masks.label=1 --also theirs")
    with pytest.raises(UsageError, match=r"camus.view: no data set here"):
        settle_data_options(open_zoo(), RunRequest(call="bench", data_options={"camus.view": "2CH"}))


def test_options_of_python_must_be_a_dictionary() -> None:
    with pytest.raises(UsageError, match=r"data_options is 'camus.view=2CH' \(str\); give a dictionary"):
        lvzoo.bench("unet-fast", data_options="camus.view=2CH")  # type: ignore[arg-type] # the mistake


@pytest.mark.parametrize(
    "command",
    [
        ["bench", "--plugins", "unet-fast", "--data"],
        ["train", "unet-fast", "--data"],
        ["eval", "unet-fast", "--data"],
        ["calibrate", "unet-fast", "--data"],
        ["export", "unet-fast", "--int8", "--data"],
        ["data", "check"],
        ["data", "statistics"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_every_command_with_data_takes_options(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "database_nifti").mkdir()
    assert main([*command, str(tmp_path), "--data-option", "camus.view=3CH"]) == 2
    assert "data option camus.view must be one of 4CH, 2CH, not '3CH'" in capsys.readouterr().err
    assert main([*command, str(tmp_path), "--data-option", "camus"]) == 2
    assert "--data-option camus: has no value; write LAYOUT.NAME=VALUE" in capsys.readouterr().err
    assert main([*command, str(tmp_path), "--patient-pattern", "(.+)"]) == 2
    assert "masks.patient-pattern: no data set here has the layout 'masks' (they have camus)" in (
        capsys.readouterr().err
    )
