"""Reads YAML safely and strictly: a syntax error names its line, and a repeated key is an error."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import yaml

from lvzoo.errors import UsageError, one_line

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: slower, otherwise the same
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MERGE: Final = "tag:yaml.org,2002:merge"


def parse(text: str, shown: str) -> object:
    """Return the content of the YAML `text`; errors call its file `shown`.

    Raises:
        UsageError: the text is not YAML, repeats a key, or holds what Python cannot; names the line where it can.
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
        raise UsageError(f"{shown}: {one_line(error)}") from error
    except (ValueError, OverflowError) as error:  # a number or a date that Python cannot hold
        raise UsageError(f"{shown}: a value cannot be read ({one_line(error)}); correct it") from error
    except RecursionError as error:
        raise UsageError(f"{shown}: is nested too deeply; lvzoo did not write this file") from error


class _UniqueKeys(_Loader):
    """Safe YAML that refuses a repeated key; PyYAML would silently keep the last one."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # PyYAML raises an error for it below
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is repeated; remove or rename one", key_node.start_mark
                )
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))
