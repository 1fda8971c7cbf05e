"""The name of a weights file on the Hugging Face hub: `hf://OWNER/NAME@REVISION`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote, unquote

from lvzoo.errors import UsageError

SCHEME: Final = "hf://"
FILE: Final = "model.safetensors"
"""The weights file of a repository, unless the name says another."""
BEGINNINGS: Final = ("hf:", "https://huggingface.co/", "http://huggingface.co/", "huggingface.co/")
"""A name that begins so means a model on the hub. `pathlib` turns `hf://` into `hf:/`, and people forget `//`."""
NAME: Final = re.compile(
    r"hf:/{1,2}(?P<repo>[a-z0-9_][\w.-]*/[a-z0-9_][\w.-]*)"
    r"(?:@(?P<revision>refs/pr/\d+|[^/@]+))?(?:/(?P<file>[^@]+\.safetensors))?",
    re.ASCII | re.IGNORECASE,
)
REVISION: Final = re.compile(r"(?!.*\.\.)[\w+#.-]+(/[\w+#.-]+)*", re.ASCII)
"""The names of branches and tags. Git forbids two dots, and so they cannot lead out of a folder either."""
ODD: Final = re.compile(r"[\\\x00-\x1f\x7f]")
"""Characters that no name of a file on the hub needs. A backslash leads into a folder on Windows."""
PULL_REQUEST: Final = re.compile(r"refs/pr/\d+")
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
ADDRESS: Final = re.compile(r".*huggingface\.co/(?P<repo>[\w.-]+/[\w.-]+)", re.ASCII)
FORM: Final = "hf://OWNER/NAME@REVISION, where REVISION is a branch, a tag or a commit"


@dataclass(frozen=True, kw_only=True, slots=True)
class HubName:
    """The name of a weights file on the hub. It is pinned if its revision is a commit.

    >>> HubName(repo="ours/unet", revision="v1").repo_name
    'unet'
    """

    repo: str
    revision: str | None = None
    file: str = FILE

    def __str__(self) -> str:
        """Return the name as the user writes it."""
        revision = self.revision or ""
        if revision and not PULL_REQUEST.fullmatch(revision):
            revision = quote(revision, safe="")
        return (
            f"{SCHEME}{self.repo}{revision and f'@{revision}'}{'' if self.file == FILE else f'/{self.file}'}"
        )

    @property
    def repo_name(self) -> str:
        """The name of the repository without its owner."""
        return self.repo.partition("/")[2]

    @property
    def stem(self) -> str:
        """What the model is called: as its repository, or as its file if that has a name of its own."""
        return self.repo_name if self.file == FILE else PurePosixPath(self.file).stem

    @property
    def place(self) -> str:
        """What tells it from other models of the same stem: the owner, or the repository of a file."""
        return self.repo.partition("/")[0] if self.file == FILE else self.repo_name

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, so that the name means the same file for ever."""
        return bool(COMMIT.fullmatch(self.revision or ""))


def is_hub_name(model: str | Path) -> bool:
    """Return whether a text names a model on the hub, perhaps wrongly.

    >>> is_hub_name("hf://ours/unet@main"), is_hub_name(Path("hf://ours/unet")), is_hub_name("unet")
    (True, True, False)
    """
    return str(model).lower().startswith(BEGINNINGS)


def undo_pathlib(model: str | Path) -> str:
    """Return a name of a model on the hub as the user wrote it.

    >>> undo_pathlib(Path("hf://ours/unet"))
    'hf://ours/unet'
    """
    return re.sub("^hf:/+", SCHEME, str(model))


def parse_hub_name(text: str | Path) -> HubName:
    """Return the parts of a name such as `hf://ours/unet@v1` or `hf://ours/unet@v1/other.safetensors`.

    Raises:
        UsageError: it is not such a name.

    >>> parse_hub_name("hf://ours/unet@feature%2Fdeep/two.safetensors")
    HubName(repo='ours/unet', revision='feature/deep', file='two.safetensors')
    """
    found = NAME.fullmatch(str(text))
    revision, file = (None, None) if found is None else (found["revision"], found["file"])
    revision = revision and unquote(revision)
    odd_revision = bool(revision and not REVISION.fullmatch(revision))
    odd_file = bool(file and (ODD.search(file) or {"", ".", ".."} & set(file.split("/"))))
    if found is None or odd_revision or odd_file:
        raise UsageError(f"{text}: not a name of a model on the Hugging Face hub; {_hint(str(text))}")
    return HubName(repo=found["repo"], revision=revision, file=file or FILE)


def _hint(text: str) -> str:
    """Return how to write a name that is not right."""
    address = ADDRESS.match(text)
    if address is not None:
        return f"write {SCHEME}{address['repo']}@REVISION, where REVISION is a branch, a tag or a commit"
    name = re.sub("^hf:/*", SCHEME, text, flags=re.IGNORECASE)
    if name != text and NAME.fullmatch(name):
        return f"did you mean {name}?"
    body = text.lower().removeprefix("hf:").strip("/")
    if body and "/" not in body:
        return f"its owner is missing; write {FORM}"
    return f"write {FORM}; a file other than {FILE} follows as /FILE.safetensors"
