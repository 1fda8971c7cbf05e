"""YAML read safely and strictly: a syntax error names its line, and no key may stand twice."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import yaml

from lvzoo.errors import UsageError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, otherwise the same
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MERGE: Final = "tag:yaml.org,2002:merge"


def parse(text: str, shown: str) -> object:
    """Return what the YAML `text` of the file `shown` holds.

    Raises:
        UsageError: it is no YAML, or repeats a key; names the line.
    """
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        rest = text.splitlines()[mark.line :] if mark else []
        tab = rest and rest[0].lstrip(" ").startswith("\t")
        problem = "begins with a tab; indent with spaces" if tab else error.problem
        raise UsageError(f"{shown}{line}: {problem}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{shown}: {' '.join(str(error).split())}") from error


class _UniqueKeys(_Loader):
    """Safe YAML in which the second of two equal keys does not overwrite the first without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # PyYAML says so itself
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here a second time", key_node.start_mark
                )
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))
