"""The templates of all pages that lvzoo writes. Everything that is put into them is escaped."""

from __future__ import annotations

import functools

import jinja2


@functools.cache
def environment() -> jinja2.Environment:
    """Return the environment that finds the templates; a name that a template lacks is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("lvzoo.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
