"""Reads the fenced blocks of a page and runs them: the tests run the docs.

A block of language `console` has commands (`$ ...`), each followed by the lines that it prints; `...` in these lines
stands for any text. A block whose first line is a comment with a path is a file. Any other block of language
`python` is a program. All other blocks are not run.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.environments import Environment

FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE: Final = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One fenced block: its language, its text, and the line of the page where it begins."""

    language: str
    text: str
    line: int

    @property
    def path(self) -> str | None:
        """The path in the first line, if the block is a file."""
        named = FILE.match(self.text)
        return named[1] if named else None

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of a console block, each with the lines that it should print."""
        found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", self.text, re.MULTILINE)
        return [(command, printed) for command, printed in found]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        yield Block(language=found[1], text=found[2], line=text.count("\n", 0, found.start()) + 1)


def run_block(block: Block, environment: Environment, *, cwd: Path) -> None:
    """Write or run a block in the folder `cwd`.

    Raises:
        AssertionError: a command prints something else than the page shows.
    """
    if block.path:
        (cwd / block.path).write_text(block.text.partition("\n")[2], encoding="utf-8")
    elif block.language == "python":
        environment.output_of(f"python -c {shlex.quote(block.text)}", cwd=cwd)
    elif block.language == "console":
        for command, expected in block.commands:
            printed = environment.output_of(command, cwd=cwd)
            assert agrees(printed, expected), f"line {block.line}: $ {command}\nprinted:\n{printed}"


def agrees(printed: str, expected: str) -> bool:
    """Return whether a command printed what a page shows.

    `...` in the page stands for any text, also for several lines. Blanks at the ends of lines do not count.
    """
    pieces = [re.escape(piece) for piece in _strip_lines(expected).split("...")]
    return re.fullmatch(".*?".join(pieces), _strip_lines(printed), re.DOTALL) is not None


def _strip_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
