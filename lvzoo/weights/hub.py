"""Finds a weights file on the Hugging Face hub.

The file is downloaded into the cache of the hub's library, or found there. No other file is downloaded, and no code.
It is then read like any weights file.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from lvzoo.errors import DataError, UsageError, name_some, one_line, show_name
from lvzoo.weights.hub_name import FORM, HubName, parse_hub_name

MAIN: Final = "main"
"""The branch that a name without a revision means."""
MOST_BYTES: Final = 4 * 2**30
"""Larger files are not downloaded."""
LOG_IN: Final = "run `hf auth login`, or set HF_TOKEN"
TRANSPORTS: Final = frozenset(("requests", "urllib3", "httpx", "httpx2", "hf_xet"))
"""The packages with which the versions of the hub's library speak to the hub. Not all their errors are OSErrors."""
LONGEST: Final = 200
"""How many characters of an error of the hub's library are shown."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class HubFile:
    """A weights file of the hub in the cache, and its pinned name."""

    path: Path
    name: HubName


def find_hub_file(model: str | Path) -> HubFile:
    """Return a weights file of the hub, after downloading it if it is not in the cache.

    A commit that is in the cache needs no network. For a branch or a tag, the hub says which commit it is now.
    Without a network, it is the commit of the last time. A warning in the log names the commit.

    Raises:
        UsageError: the name is not right.
        DataError: there is no such file, it is too large, or it can be neither downloaded nor found in the cache.
    """
    from huggingface_hub import constants

    wanted = parse_hub_name(model)
    cached = _find_cached(wanted)
    if cached is not None and wanted.is_pinned:
        return cached
    if constants.HF_HUB_OFFLINE:
        return _take_cached(wanted, cached, "HF_HUB_OFFLINE is set")
    try:
        found = _download(wanted)
    except Exception as error:
        if not is_of_hub(error):
            raise
        known = _explain(error, wanted)
        if known is not None:
            raise DataError(f"{wanted}: {known}") from error
        return _take_cached(wanted, cached, f"{constants.ENDPOINT} cannot be reached: {shorten(error)}")
    if not wanted.is_pinned:
        log.warning(
            "%s is now at commit %s; name %s to get the same weights again",
            *(wanted, str(found.name.revision)[:12], found.name),
        )
    return found


def _download(wanted: HubName) -> HubFile:
    """Ask the hub for the size of a file, and download it."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    revision = wanted.revision or MAIN
    known = get_hf_file_metadata(hf_hub_url(wanted.repo, wanted.file, revision=revision))
    if known.size is not None and known.size > MOST_BYTES:
        raise DataError(
            f"{wanted}: has {known.size / 1e9:.1f} GB, and lvzoo downloads at most {MOST_BYTES / 1e9:.1f}; download "
            "it with `hf download` and name the file"
        )
    # by the name that was asked for, so that the library's cache remembers which commit it was
    return _describe(wanted, hf_hub_download(wanted.repo, wanted.file, revision=revision))


def _find_cached(wanted: HubName) -> HubFile | None:
    """Return the file if the cache has it. Of a branch or a tag, it is the commit that was downloaded last."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        path = try_to_load_from_cache(wanted.repo, wanted.file, revision=wanted.revision or MAIN)
    except HFValidationError as error:
        raise UsageError(f"{wanted}: {one_line(error).rstrip('.')}; write {FORM}") from error
    return _describe(wanted, path) if isinstance(path, str) else None


def _describe(wanted: HubName, path: str) -> HubFile:
    """Return a file in the cache, `snapshots/COMMIT/FILE`, with its pinned name."""
    file = Path(path).absolute()
    commit = file.parents[len(PurePosixPath(wanted.file).parts) - 1].name
    return HubFile(path=file, name=replace(wanted, revision=commit))


def _take_cached(wanted: HubName, cached: HubFile | None, why: str) -> HubFile:
    """Return the file in the cache, with a warning that says which commit it is.

    Raises:
        DataError: the cache does not have it.
    """
    from huggingface_hub import constants

    if cached is None:
        revision = f" --revision {wanted.revision}" if wanted.revision else ""
        raise DataError(
            f"{wanted}: is not in the cache {constants.HF_HUB_CACHE} and cannot be downloaded ({why}); run `hf "
            f"download {wanted.repo} {wanted.file}{revision}` on a machine with a network, and name the file that it "
            "prints"
        )
    if not wanted.is_pinned:
        log.warning("%s is taken from the cache (%s), where it is %s", wanted, why, cached.name)
    return cached


# --- What went wrong --------------------------------------------------------------------------------------------


def is_of_hub(error: Exception) -> bool:
    """Return whether an exception is one of the hub's library, or of the network below it, and not of this disk.

    Some of them have no class of their own. If a file arrives cut short, the library raises an OSError without a
    number, which those of a disk have. If hf_xet, which transfers large files, loses the network, it raises a
    RuntimeError.
    """
    packages = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    if packages & (TRANSPORTS | {"huggingface_hub"}):
        return True
    cut_short = isinstance(error, OSError) and error.errno is None
    return cut_short or isinstance(error, ConnectionError | TimeoutError | RuntimeError)


def _explain(error: Exception, wanted: HubName) -> str | None:
    """Return what is wrong with a name, and what to do next; None if the hub did not answer as it should."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"{constants.ENDPOINT}/{wanted.repo}"
    reasons: dict[type[Exception], str | None] = {  # a class comes before those that it inherits
        LocalEntryNotFoundError: None,  # what the library raises without a network
        GatedRepoError: f"its owner grants access on request; ask at {page}, then {LOG_IN}",
        RepositoryNotFoundError: f"no such repository, or a private one; check the name, or {LOG_IN}",
        RevisionNotFoundError: f"no such branch, tag or commit; {page}/commits shows them",
    }
    for kind, reason in reasons.items():
        if isinstance(error, kind):
            return reason
    if isinstance(error, EntryNotFoundError):
        return _name_others(wanted)
    return f"the hub refuses access; {LOG_IN}" if find_status(error) in {401, 403} else None


def find_status(error: Exception) -> int | None:
    """Return the status with which the hub has refused a request, for example 403."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _name_others(wanted: HubName) -> str:
    """Return what a repository has in place of the file that is missing there."""
    from huggingface_hub import HfApi

    try:
        files = HfApi().list_repo_files(wanted.repo, revision=wanted.revision or MAIN)
    except Exception as error:
        if not is_of_hub(error):
            raise
        files = []  # the hub has just answered that the file is missing, which is still worth telling
    others = [str(replace(wanted, file=file)) for file in files if file.endswith(".safetensors")]
    if others:
        return f"has no {wanted.file}; name one of its weights files: {name_some(others)}"
    return (
        f"has no weights file of lvzoo ({wanted.file}); `lvzoo push MODEL OWNER/NAME` makes such a repository"
    )


def shorten(error: Exception) -> str:
    """Return what an error of the hub's library says, in short: what the hub answered, or why it did not answer."""
    first: BaseException = error
    while find_status(error) is None and (before := first.__cause__ or first.__context__) is not None:
        first = before
    lines = [one_line(each) for each in str(first).splitlines() if each.strip()]
    return show_name((lines[0] if lines else type(first).__name__)[:LONGEST].rstrip("."))
