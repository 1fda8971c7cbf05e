"""S1: `lvzoo list` takes at most a tenth of the time of `python -c 'import torch'`.

Run with `pytest tests/benchmarks/test_startup.py -s --hold`.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _python(code: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)


def _list() -> None:
    _python("from lvzoo.cli import main; raise SystemExit(main())", "list")


def test_s1_list_takes_a_tenth_of_importing_torch(race: Callable[..., float]) -> None:
    _list()
    race("S1 lvzoo list", _list, lambda: _python("import torch"), at_least=10)
