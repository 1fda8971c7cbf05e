"""The front door: a table of commands, each imported only when it is called, and the one place for errors.

stdout is data; progress, warnings and errors go to stderr. Exit codes: 0 ok, 1 ran and something failed,
2 usage, 3 plugin, 4 data, 130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

import click

import lvzoo
from lvzoo.errors import DataError, LvzooError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = {
    "list": "Show every model of the zoo, and the plugins that do not work.",
    "info": "Tell everything about one model.",
    "bench": "Train models, test them on noisier frames, and rank them.",
    "train": "Train one model once.",
    "eval": "Score trained models on noisier frames, without training.",
    "transfer": "Test models on phantoms drawn from other ranges than the usual.",
    "predict": "Segment the left ventricle in clips of one's own.",
    "report": "Rank the models of runs that have been made, and write the HTML report.",
    "pack": "Write a trained model as one small file.",
    "data": "Make and inspect data sets.",
    "noise": "Look at the corruptions, and calibrate them.",
    "check": "Check that a model does what the benchmark relies on.",
    "new": "Begin a plugin of one's own: write a package with a model that works.",
    "doctor": "Examine the installation: libraries, GPU, cache, plugins.",
}
"""The commands and their help; the command NAME is the attribute NAME (or NAME_) of `lvzoo.cli.NAME`."""

FAILED: Final = 1
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
FEW_COLLECTIONS: Final = 50_000
"""New objects from one search for garbage to the next: a command makes many that stay, and little garbage."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports a command's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of their table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lvzoo.cli.{cmd_name}")
        command = getattr(module, f"{cmd_name}_", None) or getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - our own mistake
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with; an unknown one gets its close matches."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"unknown command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=LazyGroup,
    name="lvzoo",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)
@click.version_option(lvzoo.__version__, prog_name="lvzoo")
@click.option("--debug", is_flag=True, help="Show the traceback of an error (may also follow the command).")
@click.option("--no-plugin", metavar="NAME", multiple=True, help="Leave a plugin out; may be repeated.")
def cli(*, debug: bool, no_plugin: tuple[str, ...]) -> None:  # noqa: ARG001 - `main` acts on --debug
    """Which left-ventricle model should one trust on noisy echocardiograms: a mask or a landmark model?"""
    if no_plugin:
        disabled = os.environ.get("LVZOO_DISABLE_PLUGINS", "")
        os.environ["LVZOO_DISABLE_PLUGINS"] = ",".join(filter(None, [disabled, *no_plugin]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; without `arguments`, those of the process, which ends then."""
    if arguments is not None:
        return run(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: as clean as by Ctrl-C
    gc.set_threshold(FEW_COLLECTIONS)
    code = run(sys.argv[1:])
    if "torch" not in sys.modules:  # its extensions would report what is frozen as leaks
        gc.freeze()  # spares the interpreter a last search for garbage: a tenth of `lvzoo list`
    return code


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error is one line on stderr (more with --debug)."""
    words, debug = _without_debug(list(arguments))
    try:
        result = cli.main(words, prog_name="lvzoo", standalone_mode=False, obj=debug)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as nothing_asked:
        click.echo(nothing_asked.ctx.get_help())
        return LvzooError.exit_code
    except Exception as error:  # noqa: BLE001 - the one place where errors become lines
        if debug:
            import traceback

            traceback.print_exception(error)
        line, code = _explained(error)
        click.echo(line, err=True)
        return code
    return result if isinstance(result, int) else 0


def _without_debug(words: list[str]) -> tuple[list[str], bool]:
    """Take `--debug` out, wherever before a `--` it stands."""
    end = words.index("--") if "--" in words else len(words)
    return [word for word in words[:end] if word != "--debug"] + words[end:], "--debug" in words[:end]


def _explained(error: Exception) -> tuple[str, int]:
    """Return the line that explains an error, and the exit code."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "lvzoo"
        early = isinstance(error, click.NoSuchOption) and error.option_name == "--no-plugin"
        hint = (
            " behind the command; say 'lvzoo --no-plugin NAME list'" if early else f"; see '{command} --help'"
        )
        return f"error: {_as_ours(error.format_message())}{hint}", error.exit_code
    if isinstance(error, click.ClickException):
        return f"error: {_as_ours(error.format_message())}", error.exit_code
    if isinstance(error, LvzooError):
        return f"error: {error}", error.exit_code
    if isinstance(error, ImportError) and "libGL" in str(error):
        return (
            "error: opencv-python finds no libGL on this machine; "
            "run: pip uninstall -y opencv-python && pip install opencv-python-headless"
        ), LvzooError.exit_code
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"error: {where}{_as_ours(error.strerror)}; check the path and the disk", DataError.exit_code
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error: {text} (run again with --debug for the traceback, and report it)", FAILED


def _as_ours(message: str) -> str:
    """Put click's sentence into our form: lower case, no full stop, one line."""
    line = " ".join(message.split()).rstrip(".")
    return line[:1].lower() + line[1:]


def _pipe_closed() -> int:
    """Whoever read stdout has gone (`lvzoo list | head -1`): end without a word, at exit too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED
