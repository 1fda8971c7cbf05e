"""Names the folders that hold the results of clips, and tells which clips have results already."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import ClipFile, report_damage
from lvzoo.data.clips.suffixes import split_suffix
from lvzoo.errors import JOINERS, UNPRINTED, DataError

MOST_BYTES: Final = 200
"""The longest name in UTF-8. File systems allow 255 bytes, and a number or a suffix may follow."""
HASH_LETTERS: Final = 8
SEPARATORS: Final = "/\\"
WAYS: Final = ((1, False), (0, True), (2, False), (3, False), (1, True), (2, True), (3, True))
"""How clips with the same name are told apart, the best way first: the number of folders in front, and whether the
suffix is kept."""
RESULT: Final = "prediction.json"
"""The file in a folder with results that says which clip they belong to."""


def name_clips(clips: Sequence[ClipFile]) -> list[str]:
    """Return a name for the folder of each clip's results. No two are equal, also if case is ignored.

    A file's name loses its suffix if that is one of a clip; other dots belong to the name. Numbered pictures have
    the name of their folder; if it holds several sequences, the text before their numbers follows. Clips whose names
    would be equal get their folders' names in front (`a-clip`, `b-clip`), or keep their suffix (`clip.avi`,
    `clip.mp4`), or get a number at the end.

    Separators and characters that are not printed become `_`, and a name does not start with a dot.
    """
    bases = [_name(clip) for clip in clips]
    alike: dict[str, list[int]] = defaultdict(list)
    for index, base in enumerate(bases):
        alike[_fold(base)].append(index)
    names: dict[int, str] = {}
    taken: set[str] = set()
    for indices in sorted(alike.values(), key=len):  # clips that share their name with no other keep it
        chosen = _tell_apart([clips[index] for index in indices]) if len(indices) > 1 else [bases[indices[0]]]
        for index, name in zip(indices, chosen, strict=True):
            names[index] = next(each for each in _numbered(name) if _fold(each) not in taken)
            taken.add(_fold(names[index]))
    return [names[index] for index in range(len(clips))]


def name_clip(clip: ClipFile | Path) -> str:
    """Return the name that a clip has if it stands alone."""
    return _name(clip if isinstance(clip, ClipFile) else ClipFile(path=clip))


def choose_folder(out: Path, name: str, digest: str) -> Path:
    """Return the first of `out/NAME`, `out/NAME-2`, `out/NAME-3` ... that does not exist.

    Call it right before the folder is made, so that no other clip of the same call is given it.

    Args:
        out: the folder with one folder per clip.
        name: the clip's name.
        digest: what `digest_clip` returns for the clip.

    Raises:
        DataError: one of these folders holds the results of this very clip.
    """
    for folder in (out / each for each in _numbered(name)):
        if not os.path.lexists(folder):
            return folder
        if _read_digest(folder) == digest:
            raise DataError(f"{folder}: holds the results of this clip already; name another --out")
    raise AssertionError  # the numbers do not end


def digest_clip(clip: ClipFile) -> str:
    """Return the SHA-256 of a clip's file in hexadecimal; for numbered pictures, of their names and contents.

    Raises:
        DataError: a file cannot be read.
    """
    with report_damage(clip.path):
        if not clip.images:
            return _digest_file(clip.path).hex()
        whole = hashlib.sha256()
        for image in clip.images:
            whole.update(os.fsencode(image.name) + b"\0" + _digest_file(image))
        return whole.hexdigest()


def _digest_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _base_name(clip: ClipFile, *, keep_suffix: bool = False) -> str:
    if not clip.images:
        return clip.path.name if keep_suffix else split_suffix(clip.path.name)[0]
    folder = _place(clip).name
    prefix = "" if _has_own_folder(clip) else _read_prefix(clip)
    base = f"{folder}-{prefix}" if prefix else folder
    return f"{base}{clip.images[0].suffix}" if keep_suffix else base


def _has_own_folder(clip: ClipFile) -> bool:
    return clip.path.resolve() == clip.images[0].parent.resolve()


def _read_prefix(clip: ClipFile) -> str:
    """Return what distinguishes a sequence from others in its folder: its pattern without the number."""
    return split_suffix(clip.path.name)[0].replace("*", "").strip(" ._-")


def _place(clip: ClipFile) -> Path:
    """Return the clip's file, or the folder of its pictures, with all folders above it."""
    path = clip.images[0].parent if clip.images else clip.path
    return Path(os.path.normpath(path.absolute()))


def _tell_apart(clips: Sequence[ClipFile]) -> list[str]:
    """Return names for clips with the same base name: in the first way of naming that tells all of them apart."""
    for parents, keep_suffix in WAYS:
        names = [_name(clip, parents=parents, keep_suffix=keep_suffix) for clip in clips]
        if len({_fold(name) for name in names}) == len(clips):
            return names
    return [_name(clip) for clip in clips]


def _name(clip: ClipFile, *, parents: int = 0, keep_suffix: bool = False) -> str:
    """Return a clip's name with the names of the folders above it in front."""
    above = _place(clip).parent.parts[1:]
    return _clean("-".join([*above[len(above) - parents :], _base_name(clip, keep_suffix=keep_suffix)]))


def _clean(name: str) -> str:
    r"""Return a name as a folder may be called.

    >>> _clean("a/b\n.avi"), _clean("2024-11-14T22:57:44"), _clean("..")
    ('a_b_.avi', '2024-11-14T22:57:44', 'clip')
    """
    shown = "".join("_" if _is_unusable(letter) else letter for letter in name)
    usable = shown.strip(" ").lstrip(".").rstrip(". ") or "clip"
    whole = usable.encode()
    if len(whole) <= MOST_BYTES:
        return usable
    # The hash keeps long names apart that differ only at their ends.
    digest = hashlib.sha256(whole).hexdigest()[:HASH_LETTERS]
    return f"{whole[: MOST_BYTES - HASH_LETTERS - 1].decode(errors='ignore')}-{digest}"


def _is_unusable(letter: str) -> bool:
    return letter in SEPARATORS or (unicodedata.category(letter) in UNPRINTED and letter not in JOINERS)


def _fold(name: str) -> str:
    """Return a text that is equal for names that are one on some file system: without case, accents composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _numbered(name: str) -> Iterator[str]:
    """Yield `name`, `name-2`, `name-3` ... without end."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _read_digest(folder: Path) -> str | None:
    """Return the digest of the clip whose results a folder holds; None if it holds none, or does not say."""
    try:
        about = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # another folder, or results that were damaged or changed
        return None
    return about.get("sha256") if isinstance(about, dict) else None
