"""The pytest plugin: `pytest --lvzoo-plugin NAME` runs each check of each entry that NAME stands for as a test.

pytest loads it wherever lvzoo is installed, so it imports nothing but pytest until the option is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lvzoo.testing.conformance import Check, Result
    from lvzoo.testing.subject import Subject

OPTION = "--lvzoo-plugin"
FAST = "--lvzoo-fast"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options --lvzoo-plugin and --lvzoo-fast."""
    group = parser.getgroup("lvzoo", "lvzoo: check models")
    group.addoption(
        OPTION,
        action="append",
        default=[],
        metavar="NAME",
        help="check an entry, a family or a plugin of lvzoo, as `lvzoo check NAME` does; may be repeated",
    )
    group.addoption(FAST, action="store_true", help="leave out the checks that train")


@pytest.hookimpl(tryfirst=True)  # before -k and -m select tests
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add one test per check."""
    names: list[str] = config.getoption(OPTION)
    if not names:
        return
    from lvzoo.errors import LvzooError
    from lvzoo.testing.conformance import find_subjects

    try:
        found = [subject for name in names for subject in find_subjects(name)]
    except LvzooError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from error
    for subject in found:
        entry = EntryNode.from_parent(session, name=f"lvzoo[{subject.entry.name}]", subject=subject)
        items.extend(entry.collect())


class NonConformance(Exception):  # noqa: N818 - not an error of lvzoo, but the result of a test
    """A failed check, with its result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


class EntryNode(pytest.Collector):
    """One entry; its tests are the checks."""

    def __init__(self, *, subject: Subject, **rest: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**rest)
        self.subject = subject

    def collect(self) -> list[pytest.Item]:
        """Return one test per check that the entry must pass."""
        from lvzoo.testing.conformance import checks_for

        checks = checks_for(self.subject.entry, fast=self.config.getoption(FAST))
        return [CheckItem.from_parent(self, name=check.name, check=check) for check in checks]


class CheckItem(pytest.Item):
    """One check of one entry."""

    def __init__(self, *, check: Check, **rest: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**rest)
        self.check = check

    def runtest(self) -> None:
        """Run the check."""
        from lvzoo.testing.conformance import run_check

        assert isinstance(self.parent, EntryNode)  # noqa: S101 - our own mistake
        result = run_check(self.check, self.parent.subject)
        if result.ok is None:
            pytest.skip(result.message)
        if not result.ok:
            raise NonConformance(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own
        """Return what to change; with --tb=long also the traceback."""
        if not isinstance(excinfo.value, NonConformance):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.result
        if self.config.getoption("tbstyle") == "long" and result.traceback:
            return f"{result.traceback}\n{result.message}"
        message = result.message.replace("(--debug shows", "(--tb=long shows")
        return f"{message}\nrequirement: {self.check.about}"

    def reportinfo(self) -> tuple[Any, None, str]:
        """Return the heading of the test: entry and check."""
        return self.path, None, f"{self.parent.name if self.parent else ''} {self.name}"
