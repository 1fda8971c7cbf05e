"""`lvzoo new` writes a complete package that can be installed, passes `lvzoo check` and is ranked."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from lvzoo.errors import UsageError
from lvzoo.registry import open_zoo
from lvzoo.scaffold import new_plugin
from tests.environments import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from lvzoo.types import Kind
    from tests.conftest import Install
    from tests.environments import Environment


@pytest.mark.parametrize("kind", ["mask", "landmark"])
def test_the_package_declares_its_family_and_entries(
    tmp_path: Path, install_plugin: Install, kind: Kind
) -> None:
    folder = new_plugin("my-net", kind=kind, out=tmp_path / "my-net")
    package = folder / "my_net"
    install_plugin(
        "my-net",
        (package / "__init__.py").read_text(),
        distribution="my-net",
        files={name: (package / name).read_text() for name in ("model.py", "registry.yaml")},
    )
    entries = open_zoo().select("my-net*")
    assert [(each.name, each.family.kind, each.options["width"]) for each in entries] == [
        ("my-net", kind, 16),
        ("my-net-wide", kind, 32),
    ]
    assert all(each.summary and each.paper and each.licence for each in entries)


def test_the_package_is_one_folder_with_nothing_left_to_fill_in(tmp_path: Path) -> None:
    folder = new_plugin("echo-2", kind="mask", out=tmp_path / "deep" / "here")
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.*")}
    assert set(files) == {
        "README.md",
        "pyproject.toml",
        "echo_2/__init__.py",
        "echo_2/model.py",
        "echo_2/registry.yaml",
        "tests/test_echo_2.py",
    }
    assert not [path for path, text in files.items() if "$" in text or not text.endswith("\n")]
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert (project["name"], project["license"]) == ("echo-2", "MIT")
    assert project["entry-points"] == {"lvzoo": {"echo-2": "echo_2"}}
    assert set(yaml.safe_load(files["echo_2/registry.yaml"])) == {"echo-2", "echo-2-wide"}
    assert "class Echo2(MaskModel)" in files["echo_2/model.py"]
    command = 'pytest --lvzoo-plugin "echo-2*"'
    assert "lvzoo-plugin" not in files["pyproject.toml"], "`pytest` without options takes seconds"
    assert command in files["README.md"]
    assert command in files["tests/test_echo_2.py"]


def test_a_class_does_not_hide_what_it_inherits(tmp_path: Path) -> None:
    folder = new_plugin("mask-model", kind="mask", out=tmp_path / "new")
    assert "class MaskModelNet(MaskModel)" in (folder / "mask_model" / "model.py").read_text()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("My_Net", r"must be lower-case letters and digits.*\(such as 'my-net'\)"),
        ("MyNet", r"\(such as 'my-net'\)"),
        ("my--net", "joined by single hyphens"),
        ("3d-net", "begin with a letter"),
        ("../net", r"\(such as 'net'\)"),
        ("", "must be lower-case letters"),
        ("class", "a Python keyword"),
        ("none", "its class would be called None"),
        ("true", "its class would be called True"),
        ("false", "its class would be called False"),
        *((word, "YAML file") for word in ("no", "on", "yes", "off", "null")),
        *((folder, "another folder beside the package") for folder in ("tests", "docs", "build")),
        ("json", "a module of Python's standard library"),
        ("unet", "already an entry of the zoo"),
        ("landmark-heatmap", "already a family of the zoo"),
        ("core", "already an installed plugin"),
        ("click", r"already an installed distribution \(version "),
        ("yaml", "already an installed package"),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=f"^name {re.escape(repr(name))}: .*{reason}"):
        new_plugin(name, kind="mask", out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"already exists; .*--out"):
        new_plugin("my-net", kind="mask", out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_broken_link_has_its_own_message(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"link: is a broken link; .*--out"):
        new_plugin("my-net", kind="mask", out=tmp_path / "link")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("made", "reason"), [("folder", "another process made this folder"), ("file", "cannot be written")]
)
def test_a_folder_that_another_process_makes_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str, reason: str
) -> None:
    out = tmp_path / "new"

    def meanwhile(*_arguments: object) -> dict[str, str]:
        note = out / "note.txt" if made == "folder" else out
        note.parent.mkdir(exist_ok=True)
        note.write_text("mine")
        return {"README.md": "ours"}

    monkeypatch.setattr("lvzoo.scaffold.write.fill_templates", meanwhile)
    with pytest.raises(UsageError, match=f"new: .*{reason}.*--out"):
        new_plugin("my-net", kind="mask", out=out)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [
        "note.txt" if made == "folder" else "new"
    ]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("name", "kind"), [("my-net", "mask"), ("my-marks", "landmark")])
def test_the_printed_commands_install_check_and_rank_it(
    environment: Environment, tmp_path: Path, name: str, kind: Kind
) -> None:
    printed = environment.output_of(f"lvzoo new {name} --kind {kind} 2>/dev/null", cwd=tmp_path)
    install, check, bench = printed.splitlines()
    environment.output_of(install.replace("--editable ", ""), cwd=tmp_path)  # its data files are in the wheel
    listed = json.loads(environment.output_of("lvzoo list --json", cwd=tmp_path))
    assert {name: kind, f"{name}-wide": kind}.items() <= {
        entry["name"]: entry["kind"] for entry in listed["entries"]
    }.items()
    assert re.search(r"^(\d+) of \1 checks passed$", environment.output_of(check, cwd=tmp_path), re.MULTILINE)
    environment.output_of(f"{bench} --preset smoke --out run 2>&1", cwd=tmp_path)
    ranked = pd.read_csv(tmp_path / "run" / "ranking.csv")
    assert set(ranked["model"]) == {name, "unet"}
    assert not ranked["own_recipe"].any()
    own = environment.output_of("pytest -q", cwd=tmp_path / name)
    assert "2 passed" in own
    every = environment.output_of(f"pytest -q --lvzoo-fast --lvzoo-plugin '{name}*'", cwd=tmp_path / name)
    assert int(re.findall(r"(\d+) passed", every)[-1]) > 30, (
        "its own tests, and one for each check of each entry"
    )
