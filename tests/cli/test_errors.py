"""Every error is one line on stderr with its exit code; `--debug` shows the traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import click
import pytest

import lvzoo
from lvzoo import cli
from lvzoo.cli import main
from lvzoo.errors import DataError, LvzooError, PluginError, UsageError


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Lets a test replace the command `list`."""
    return monkeypatch


def _raise(patch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command("list")
    def list_() -> NoReturn:
        raise error

    patch.setattr("lvzoo.cli.list.list_", list_)


@pytest.mark.parametrize(
    ("kind", "code"), [(LvzooError, 2), (UsageError, 2), (PluginError, 3), (DataError, 4)]
)
def test_users_mistake_is_one_line_and_its_exit_code(
    kind: type[LvzooError], code: int, raising: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(raising, kind("there: no such thing; name another"))
    assert main(["list"]) == code
    assert capsys.readouterr() == ("", "error: there: no such thing; name another\n")


def test_a_bug_of_lvzoo_is_one_line_that_names_debug(
    raising: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(raising, ValueError("two\nlines"))
    assert main(["list"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("internal error: ValueError: two lines (run again with --debug")
    assert error.count("\n") == 1


@pytest.mark.parametrize("words", [["--debug", "list"], ["list", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(
    words: list[str], raising: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(raising, UsageError("no such thing"))
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "Traceback (most recent call last)" in error
    assert error.endswith("error: no such thing\n")


def test_debug_after_two_dashes_is_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--", "--debug"]) == 3
    assert "unknown entry '--debug'" in capsys.readouterr().err


def test_the_error_for_no_plugin_after_a_command_says_where_it_belongs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list", "--no-plugin", "smp"]) == 2
    assert "'lvzoo --no-plugin NAME list'" in capsys.readouterr().err


def test_core_cannot_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-plugin", "core", "list"]) == 2
    assert capsys.readouterr().err == (
        "error: the plugin 'core' cannot be left out, because all commands need it; leave out another\n"
    )


def test_interruption_has_its_own_exit_code(
    raising: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(raising, KeyboardInterrupt())
    assert main(["list"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_missing_libgl_names_the_headless_opencv(
    raising: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _raise(raising, ImportError("libGL.so.1: cannot open shared object file: No such file or directory"))
    assert main(["list"]) == 2
    assert "pip install opencv-python-headless" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lits"], "error: unknown command 'lits' (did you mean 'list'?); see 'lvzoo --help'"),
        (["list", "--jsn"], "see 'lvzoo list --help'"),
        (["list", "--kind", "masks"], "'masks' is not one of 'mask', 'landmark'"),
        (["info"], "missing argument 'NAME'; see 'lvzoo info --help'"),
        (["--nonsense"], "see 'lvzoo --help'"),
    ],
)
def test_usage_errors_are_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert message in error
    assert error.count("\n") == 1


def test_version_and_help_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lvzoo, version {lvzoo.__version__}\n"
    assert main(["--help"]) == 0
    output = capsys.readouterr().out
    assert all(name in output for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: lvzoo {name}")


@pytest.mark.parametrize("words", [[], ["data"], ["noise"]])
def test_a_list_of_commands_cuts_no_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


def test_helps_offer_only_what_the_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noise", "preview", "--help"]) == 0
    assert "none" not in capsys.readouterr().out
    for command in ("train", "transfer"):
        assert main([command, "--help"]) == 0
        assert "ranking" not in capsys.readouterr().out


def test_command_that_builds_a_model_leaves_stderr_empty() -> None:
    code = "from lvzoo.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "info", "unet"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_console_script_ends_with_the_exit_code() -> None:
    code = "from lvzoo.cli import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "info", "no-such-model"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr == "error: unknown entry 'no-such-model'; 'lvzoo list' shows all entries\n"


def test_a_terminated_command_leaves_no_files_and_no_processes(tmp_path: Path) -> None:
    """A cluster ends jobs with SIGTERM; it must work like Ctrl-C."""
    out = tmp_path / "here/phantom"
    command = [
        sys.executable,
        "-m",
        "lvzoo",
        "data",
        "phantom",
        str(out),
        "--size",
        "small",
        "--workers",
        "2",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not any(out.parent.rglob("*.avi")):
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("interrupted\n")
    assert "Traceback" not in said
    assert list(out.parent.iterdir()) == []
    for _ in range(100):  # Python's own tracker of resources ends a moment later
        if not _lives(process.pid):
            break
        time.sleep(0.1)
    assert not _lives(process.pid)


def _lives(group: int) -> bool:
    """Return whether a process of the group exists."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
