"""Runs the command line: the table of commands, and the one place that turns errors into messages.

A command's module is imported only when the command is called. Data go to stdout; progress, warnings and errors go to
stderr. Exit codes: 0 ok, 1 ran but something failed, 2 usage, 3 plugin, 4 data, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

import click

import lvzoo
from lvzoo.errors import DataError, LvzooError, UsageError, did_you_mean, explain_exception, one_line
from lvzoo.processes import show_warnings_as_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "list": "List the models of the zoo, and the plugins that do not work.",
    "info": "Show everything about one model.",
    "bench": "Train models, test them on increasingly noisy frames, and rank them.",
    "train": "Train one model.",
    "eval": "Test trained models on increasingly noisy frames, without training.",
    "transfer": "Test models on synthetic data unlike their training data.",
    "predict": "Segment the left ventricle in your own clips.",
    "recommend": "Say which trained model of a run to use on your own clips.",
    "report": "Rank the models of finished runs, and write the HTML report.",
    "pack": "Write a trained model as one small file.",
    "adopt": "Write a model that was trained elsewhere as a weights file.",
    "calibrate": "Move a model's border to where your readers trace it.",
    "export": "Write a trained model as an ONNX file, for other programs.",
    "push": "Share a trained model on the Hugging Face hub.",
    "data": "Make and inspect data sets.",
    "noise": "Preview the noise corruptions, and measure what they cost a model.",
    "check": "Check that a model works with the benchmark.",
    "new": "Start your own plugin: write a package with a working model.",
    "doctor": "Check the installation: libraries, GPU, cache, plugins.",
}
"""The commands and their help. The command NAME is the attribute NAME (or NAME_) of the module `lvzoo.cli.NAME`."""

FAILED: Final = 1
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lvzoo.cli.{cmd_name}")
        command = getattr(module, f"{cmd_name}_", None) or getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a bug of lvzoo
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; the error for an unknown one suggests close names."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"unknown command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    name="lvzoo",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)
@click.version_option(lvzoo.__version__, prog_name="lvzoo")
@click.option(
    "--debug", is_flag=True, help="Show the traceback of an error; may also stand after the command."
)
@click.option("--no-plugin", metavar="NAME", multiple=True, help="Do not use this plugin; may be repeated.")
def cli(*, debug: bool, no_plugin: tuple[str, ...]) -> None:  # noqa: ARG001 - `main` acts on --debug
    """Compare models that segment the left ventricle in noisy echocardiograms.

    The zoo holds mask models and landmark models. lvzoo trains them on the same frames, adds noise to the same test
    frames, and ranks them.
    """
    if no_plugin:
        from lvzoo.plugins.find import CORE

        if CORE in no_plugin:
            raise UsageError(
                f"the plugin {CORE!r} cannot be left out, because all commands need it; leave out another"
            )
        disabled = os.environ.get("LVZOO_DISABLE_PLUGINS", "")
        os.environ["LVZOO_DISABLE_PLUGINS"] = ",".join(filter(None, [disabled, *no_plugin]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; without `arguments`, use those of the process."""
    if arguments is None:
        _end_cleanly_on_signals()
        show_warnings_as_lines()
        arguments = sys.argv[1:]
    return run(arguments)


def _end_cleanly_on_signals() -> None:
    """End as cleanly as after Ctrl-C if the program is told to stop or its terminal closes."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # `nohup` ignores it
            signal.signal(number, signal.default_int_handler)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error is one line on stderr, after its traceback with --debug."""
    words, debug = _without_debug(list(arguments))
    try:
        result = cli.main(words, prog_name="lvzoo", standalone_mode=False, obj=debug)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except BrokenPipeError:
        return _close_stdout()
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return LvzooError.exit_code
    except Exception as error:  # noqa: BLE001 - the one place that turns errors into messages
        if debug:
            import traceback

            traceback.print_exception(error)
        line, code = _explain(error)
        click.echo(line, err=True)
        return code
    return result if isinstance(result, int) else 0


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """Remove `--debug` anywhere before a `--`, and return whether it was there."""
    end = words.index("--") if "--" in words else len(words)
    return [word for word in words[:end] if word != "--debug"] + words[end:], "--debug" in words[:end]


def _explain(error: Exception) -> tuple[str, int]:
    """Return the line that explains an error, and the exit code."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "lvzoo"
        early = isinstance(error, click.NoSuchOption) and error.option_name == "--no-plugin"
        hint = (
            " after the command; put it first: 'lvzoo --no-plugin NAME list'"
            if early
            else f"; see '{command} --help'"
        )
        return f"error: {_in_our_form(error.format_message())}{hint}", error.exit_code
    if isinstance(error, click.ClickException):
        return f"error: {_in_our_form(error.format_message())}", error.exit_code
    if isinstance(error, LvzooError):
        return f"error: {error}", error.exit_code
    if isinstance(error, ImportError) and "libGL" in str(error):
        return (
            "error: opencv-python needs libGL, which this machine does not have; "
            "run: pip uninstall -y opencv-python && pip install opencv-python-headless"
        ), LvzooError.exit_code
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return (
            f"error: {where}{_in_our_form(error.strerror)}; check the path and the disk",
            DataError.exit_code,
        )
    text = explain_exception(error)
    return f"internal error: {text} (run again with --debug for the traceback, and report it)", FAILED


def _in_our_form(message: str) -> str:
    """Return click's message in the form of lvzoo's: one line, lower case, no full stop."""
    line = one_line(message).rstrip(".")
    return line[:1].lower() + line[1:]


def _close_stdout() -> int:
    """Redirect stdout, whose reader has gone (`lvzoo list | head -1`), so that Python does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED
