"""Programs whose children cannot start are recognised, and other libraries' warnings are one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

LOST = "from lvzoo.processes import find_lost_script\nprint(find_lost_script())\n"
ASKS_FIRST = """
import multiprocessing
from lvzoo.processes import count_workers, find_lost_script
find_lost_script()
count_workers()
print(multiprocessing.get_start_method(allow_none=True))
multiprocessing.set_start_method("spawn")
print(multiprocessing.get_start_method())
"""
BENCH = """
import lvzoo
if __name__ == "__main__":
    lvzoo.bench("unet", preset="smoke", out="run")
"""
INLINE = """
from pathlib import Path
from lvzoo.phantom.write import write_phantom
from lvzoo.executors import choose_executor
if __name__ == "__main__":
    choose_executor("inline")
    write_phantom(Path("phantom"), size="smoke")
"""
WARNS = """
import warnings
from lvzoo.processes import show_warnings_as_lines
show_warnings_as_lines()
warnings.warn("the value is\\nnot  right " + 500 * "x", UserWarning)
"""


def run_python(*words: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)


def test_a_script_from_stdin_is_lost_to_children() -> None:
    assert run_python("-", stdin=LOST).stdout == "<stdin>\n"
    assert run_python(stdin=LOST).stdout == "<stdin>\n"


def test_the_children_of_other_programs_start(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(LOST)
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__main__.py").write_text(LOST)
    moves = "import os\nos.chdir('/')\n" + LOST
    (tmp_path / "moves.py").write_text(moves)
    for words in (
        *(["script.py"], ["moves.py"], ["package"], ["-m", "package"], ["-m", "script"]),
        *(["-c", LOST], ["-i", "-c", LOST]),
    ):
        assert run_python(*words, cwd=tmp_path).stdout == "None\n", words
    assert "None" in run_python("-i", stdin=LOST, cwd=tmp_path).stdout  # as at the prompt: no script at all


@pytest.mark.parametrize("words", [("script.py",), ("-m", "script"), ("-",)])
def test_the_question_leaves_the_start_method_to_the_user(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(ASKS_FIRST)
    done = run_python(*words, stdin=ASKS_FIRST, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("None\nspawn\n", "")


def test_a_bench_in_a_script_from_stdin_says_so_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LVZOO_CACHE", str(tmp_path / "cache"))
    done = run_python("-", stdin=BENCH, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("lvzoo.errors.UsageError: <stdin>: ")
    assert 'write the script into a file, or use executor="inline"' in done.stderr
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")}
    assert left <= {"cache/plugins"}, (
        "what plugins declare is read first, since a finished run needs no children"
    )


def test_an_inline_bench_in_a_script_from_stdin_can_make_its_phantom(tmp_path: Path) -> None:
    done = run_python("-", stdin=INLINE, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "phantom/FileList.csv").is_file()


def test_a_warning_of_another_library_is_one_short_line() -> None:
    done = run_python("-c", WARNS)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("UserWarning: the value is not right xxx")
    assert len(done.stderr) < 250


POOL = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from lvzoo.processes import end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def test_the_workers_of_a_killed_program_end(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    with subprocess.Popen(
        [sys.executable, tmp_path / "pool.py"], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        worker = psutil.Process(int(program.stdout.readline()))
        program.kill()
    worker.wait(timeout=20)
