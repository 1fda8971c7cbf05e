"""The pytest plugin: `pytest --lvzoo-plugin NAME` makes a test of each check of each entry that NAME stands for.

It is there wherever lvzoo is installed, so it imports nothing but pytest until the option is given.
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
    """Add the two options."""
    group = parser.getgroup("lvzoo", "lvzoo: check models")
    group.addoption(
        OPTION,
        action="append",
        default=[],
        metavar="NAME",
        help="check an entry, a family or a plugin of lvzoo, as `lvzoo check NAME` does; may be repeated",
    )
    group.addoption(FAST, action="store_true", help="leave out the checks that train")


@pytest.hookimpl(tryfirst=True)  # before -k and -m choose among the tests
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each check."""
    names: list[str] = config.getoption(OPTION)
    if not names:
        return
    from lvzoo.errors import LvzooError
    from lvzoo.testing.conformance import subjects

    try:
        found = [subject for name in names for subject in subjects(name)]
    except LvzooError as error:
        raise pytest.UsageError(f"{OPTION}: {error}") from error
    for subject in found:
        entry = EntryNode.from_parent(session, name=f"lvzoo[{subject.entry.name}]", subject=subject)
        items.extend(entry.collect())


class NonConformance(Exception):  # noqa: N818 - no error of ours: what the test found
    """A check that failed, with its result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


class EntryNode(pytest.Collector):
    """One entry; its tests are the checks."""

    def __init__(self, *, subject: Subject, **rest: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**rest)
        self.subject = subject

    def collect(self) -> list[pytest.Item]:
        """Return a test for each check that the entry must pass."""
        from lvzoo.testing.conformance import checks_for

        checks = checks_for(self.subject.entry, fast=self.config.getoption(FAST))
        return [CheckItem.from_parent(self, name=check.name, check=check) for check in checks]


class CheckItem(pytest.Item):
    """One check of one entry."""

    def __init__(self, *, check: Check, **rest: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**rest)
        self.check = check

    def runtest(self) -> None:
        """Make the check."""
        from lvzoo.testing.conformance import perform

        assert isinstance(self.parent, EntryNode)  # noqa: S101 - our own mistake
        result = perform(self.check, self.parent.subject)
        if result.ok is None:
            pytest.skip(result.message)
        if not result.ok:
            raise NonConformance(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own
        """Return what to change, and with --tb=long where it came from."""
        if not isinstance(excinfo.value, NonConformance):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.result
        if self.config.getoption("tbstyle") == "long" and result.traceback:
            return f"{result.traceback}\n{result.message}"
        said = result.message.replace("(--debug shows", "(--tb=long shows")
        return f"{said}\nasked for: {self.check.about}"

    def reportinfo(self) -> tuple[Any, None, str]:
        """Return the test's heading."""
        return self.path, None, f"{self.parent.name if self.parent else ''} {self.name}"
