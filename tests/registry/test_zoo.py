"""The zoo: catalogues are read strictly, entries are selected by name, folders are recognised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lvzoo
from lvzoo.errors import DataError, PluginError, UsageError
from lvzoo.registry import open_zoo

if TYPE_CHECKING:
    from collections.abc import Callable

PLUGIN = """
from pathlib import Path
from lvzoo import Family, Option, hookimpl

@hookimpl
def lvzoo_families():
    yield Family(
        name="{name}", kind="mask", factory="net.model:Net", summary="a net", requires=("no_such_module.part", "re"),
        options={{"width": Option(default=8, help="channels"), "rate": Option(default=0.5, help="x"),
                 "deep": Option(default=True, help="x"), "weights": Option(default=None, help="x")}},
    )

@hookimpl
def lvzoo_catalogues():
    return [{catalogue}]
"""
WITH_CATALOGUE = 'Path(__file__).with_name("registry.yaml")'


def _user_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_bundled_zoo_is_listed_in_the_order_of_its_catalogue() -> None:
    zoo = open_zoo()
    names = [entry.name for entry in zoo.entries]
    assert names[: names.index("landmark7") + 1] == ["unet", "unet-64", "unet-fast", "landmark7"]
    assert zoo.quarantined == ()
    unet64 = zoo.select("unet-64")[0]
    assert (unet64.options["width"], unet64.options["levels"], unet64.plugin) == (64, 4, "unet")


def test_every_bundled_entry_says_its_paper_and_licence() -> None:
    for entry in open_zoo().entries:
        assert entry.paper, entry.name
        assert entry.licence, entry.name


def test_public_list_models_takes_a_glob() -> None:
    assert [entry.name for entry in lvzoo.list_models("unet*")] == ["unet", "unet-64", "unet-fast"]
    assert lvzoo.list_models("nothing*") == []


@pytest.mark.parametrize("patterns", ["landmark7, unet*,unet", ["landmark7", "unet*,unet"]])
def test_select_keeps_the_order_asked_for_and_repeats_nothing(patterns: str | list[str]) -> None:
    assert [entry.name for entry in open_zoo().select(patterns)] == [
        "landmark7",
        "unet",
        "unet-64",
        "unet-fast",
    ]


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ("unt", r"unknown entry 'unt' \(did you mean 'unet'"),
        ("smpp-*", r"no entry matches 'smpp-\*'"),
        ("landmark-coords", r"is a family: its entries are coords7, contour41"),
        (" , ", "no entry is named"),
    ],
)
def test_select_refuses_unknown_names(patterns: str, message: str) -> None:
    with pytest.raises((UsageError, PluginError), match=message):
        open_zoo().select(patterns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a:\n  family: landmark-heatmap\n  options: {sigma: 1.0}",
            "a: unknown option 'sigma' for family 'landmark-heatmap' (did you mean 'sigma_px'?)",
        ),
        ("a: {family: unett}", "a: unknown family 'unett' (did you mean 'unet'?)"),
        ("a: {family: unet, licenze: MIT}", "a: unknown key 'licenze' (did you mean 'licence'?)"),
        ("a: {options: {width: 8}}", "a: must name its family"),
        ("a: {family: unet, options: {width: wide}}", "a: option 'width' must be int, not str 'wide'"),
        ("a: {family: unet, options: {width: true}}", "a: option 'width' must be int, not bool True"),
        ("a: {family: unet, options: [width]}", "a: options: must be keys with values"),
        (
            "a: {family: landmark-heatmap, options: {landmarks: 8}}",
            "a: option 'landmarks' must be one of 5, 7, 9, 13, 21, not 8",
        ),
        ("a: {family: unet, recipe: {epoch: 3}}", "a: unknown recipe key 'epoch' (did you mean 'epochs'?)"),
        (
            "a: {family: unet, recipe: {learning_rate: 4e-3}}",
            "a: recipe 'learning_rate' must be float, not str '4e-3' (YAML reads a number only with a point: ",
        ),
        ("a: {family: unet, paper: 2015}", "a: paper must be text, not 2015"),
        ("A b: {family: unet}", "A b: a name must be lower-case letters"),
        ("unet: {family: unet}", "unet: repeats the entry name 'unet'"),
        (
            "a: {family: unet}\nb: {family: unet}\na: {family: unet}",
            "line 3: the key 'a' is repeated",
        ),
        ("a:\n  family: unet\n b: [", "line 3: "),
        ("a:\n\tfamily: unet", "line 2: begins with a tab; indent with spaces"),
        ("[a]: {family: unet}", "line 1: found unhashable key"),
        ("- unet", "must be keys with values ('key: value'), not list"),
    ],
)
def test_mistake_in_a_users_file_is_named(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _user_file(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as raised:
        open_zoo(registries=[Path("mine.yaml")])
    assert str(raised.value).startswith("mine.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_or_binary_users_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent.yaml: cannot be read: no such file"):
        open_zoo(registries=[tmp_path / "absent.yaml"])
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UsageError, match=r"binary.yaml: is not text in UTF-8"):
        open_zoo(registries=[tmp_path / "binary.yaml"])


def test_users_file_adds_entries_with_checked_values(tmp_path: Path) -> None:
    text = """
    base: &base
      family: landmark-heatmap
      licence: MIT
    mine:
      <<: *base
      options: {sigma_px: 3}
      recipe: {epochs: 30, weight_decay: 0}
      summary: broader targets
    """
    [mine] = open_zoo(registries=[_user_file(tmp_path, text)]).select("mine")
    defaults = {name: option.default for name, option in mine.family.options.items()}
    assert mine.options == {**defaults, "sigma_px": 3.0}
    assert isinstance(mine.options["sigma_px"], float)
    assert mine.recipe == {"epochs": 30, "weight_decay": 0.0}
    assert (mine.summary, mine.licence, mine.catalogue) == (
        "broader targets",
        "MIT",
        str(tmp_path / "mine.yaml"),
    )


def test_edited_users_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    for width in (4, 8, 4):
        path = _user_file(tmp_path, f"mine: {{family: unet, options: {{width: {width}}}}}")
        for _ in range(2):
            assert open_zoo(registries=[path]).select("mine")[0].options["width"] == width


def test_empty_users_file_adds_nothing(tmp_path: Path) -> None:
    assert open_zoo(registries=[_user_file(tmp_path, "# nothing yet\n")]).entries == open_zoo().entries


def test_family_without_an_entry_has_its_own_name_and_defaults(install_plugin: Callable[..., Path]) -> None:
    install_plugin("bare", PLUGIN.format(name="bare-net", catalogue=""))
    zoo = open_zoo()
    [entry] = zoo.select("bare-net")
    assert entry.options == {"width": 8, "rate": 0.5, "deep": True, "weights": None}
    assert (entry.plugin, entry.catalogue, entry.licence) == ("bare", None, None)
    assert zoo.missing(entry) == ("no_such_module.part",)
    assert "landmark-heatmap" not in [each.name for each in zoo.entries]


def test_third_party_ships_its_own_catalogue(install_plugin: Callable[..., Path]) -> None:
    files = {"registry.yaml": "net-16: {family: net, options: {width: 16, weights: imagenet}}"}
    install_plugin("net", PLUGIN.format(name="net", catalogue=WITH_CATALOGUE), files=files)
    zoo = open_zoo()
    assert zoo.select("net-16")[0].options["weights"] == "imagenet"
    assert "net" not in [entry.name for entry in zoo.entries]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("net-16: {family: net, options: {wdth: 16}}", "registry.yaml: net-16: unknown option 'wdth'"),
        ("unet: {family: net}", "registry.yaml: unet: repeats the entry name 'unet'"),
        ("net-16: {family: nett}", "registry.yaml: net-16: unknown family 'nett' (did you mean 'net'"),
        (None, "registry.yaml: cannot be read: no such file or directory"),
    ],
)
def test_mistake_in_a_third_partys_catalogue_quarantines_that_plugin(
    text: str | None, reason: str, install_plugin: Callable[..., Path]
) -> None:
    before = open_zoo().entries
    files = {"registry.yaml": text} if text else {}
    install_plugin("net", PLUGIN.format(name="net", catalogue=WITH_CATALOGUE), files=files)
    zoo = open_zoo()
    assert zoo.entries == before
    [plugin] = zoo.quarantined
    assert reason in (plugin.fault or "")
    with pytest.raises(PluginError, match="'net' belongs to plugin 'net', which is quarantined"):
        zoo.select("net")


def test_entry_of_a_disabled_plugin_says_why_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LVZOO_DISABLE_PLUGINS", "landmarks")
    zoo = open_zoo()
    assert "landmark7" not in [entry.name for entry in zoo.entries]
    assert [entry.name for entry in zoo.select("unet")] == ["unet"]
    with pytest.raises(
        PluginError, match=r"'landmark7' needs the family 'landmark-heatmap'.*LVZOO_DISABLE_PLUGINS"
    ):
        zoo.select("landmark7")


def test_records_cannot_be_mutated() -> None:
    with pytest.raises(AttributeError):
        open_zoo().entries = ()  # type: ignore[misc]


def test_noise_suite_is_found_by_name() -> None:
    zoo = open_zoo()
    assert zoo.noise("noise-v1").factory.startswith("lvzoo.noise")
    with pytest.raises(UsageError, match=r"unknown noise suite 'noise-v9'.*did you mean 'noise-v1'"):
        zoo.noise("noise-v9")


def test_folder_is_recognised_by_the_layout_with_the_most_markers(tmp_path: Path) -> None:
    (tmp_path / "Videos").mkdir()
    for name in ("FileList.csv", "VolumeTracings.csv"):
        (tmp_path / name).write_text("")
    assert open_zoo().dataset_for(tmp_path).name == "echonet-dynamic"
    (tmp_path / "SYNTHETIC.json").write_text("{}")
    assert open_zoo().dataset_for(tmp_path).name == "phantom"


def test_folders_of_another_case_are_told_how_to_be_called(tmp_path: Path) -> None:
    for name in ("Images", "labels"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=r"for 'masks', your own .* it lacks images \(rename Images\), masks"):
        open_zoo().dataset_for(tmp_path)


def test_error_for_a_folder_that_is_not_a_data_set_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "FileList.csv").write_text("")
    with pytest.raises(DataError, match=r"for 'echonet-dynamic' it lacks VolumeTracings.csv, Videos"):
        open_zoo().dataset_for(tmp_path)
    with pytest.raises(DataError, match="absent: no such folder"):
        open_zoo().dataset_for(tmp_path / "absent")
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_zoo().dataset_for(tmp_path / "FileList.csv")
