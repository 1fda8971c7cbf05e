"""Names clips, for the folders of their results, and computes the digest by which a clip is known."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from lvzoo.data.clips.clip import ClipFile, report_damage
from lvzoo.data.clips.suffixes import split_suffix
from lvzoo.errors import JOINERS, UNPRINTED

MOST_BYTES: Final = 200
"""The longest name in UTF-8. File systems allow 255 bytes, and a number or a suffix may follow."""
HASH_LETTERS: Final = 8
SEPARATORS: Final = "/\\"


def name_clips(clips: Sequence[ClipFile]) -> list[str]:
    """Return a name for the folder of each clip's results. No two are equal, also if case is ignored.

    A file's name loses its suffix if that is one of a clip; other dots belong to the name. Numbered pictures have
    the name of their folder; if it holds several sequences, the text before their numbers follows. Clips whose names
    would be equal get the names of folders in front, as many as are needed (`a-clip`, `b-clip`). Clips of one folder
    keep their suffix instead (`clip.avi`, `clip.mp4`). If neither helps, a number follows (`clip`, `clip-2`).

    Separators and characters that are not printed become `_`, and a name does not start with a dot.
    """
    places = [_find_place(clip) for clip in clips]
    names: dict[_Place, str] = {}
    taken: set[str] = set()
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    for group in sorted(_group(places, 0), key=len):  # clips that share their name with no other keep it
        for place, name in _tell_apart(group, 0):
            free = (_number(name, number) for number in numbers[_fold(name)])
            names[place] = next(each for each in free if _fold(each) not in taken)
            taken.add(_fold(names[place]))
    return [names[place] for place in places]


def name_clip(clip: ClipFile | Path) -> str:
    """Return the name that a clip has if it stands alone."""
    return _find_place(clip if isinstance(clip, ClipFile) else ClipFile(path=clip)).name(0)


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


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class _Place:
    """What a clip's name is made of: the names of the folders above it, and its own without and with its suffix."""

    folders: tuple[str, ...]
    base: str
    with_suffix: str

    def name(self, parents: int, *, keep_suffix: bool = False) -> str:
        """Return the clip's name with the names of so many folders in front."""
        folders = self.folders[max(0, len(self.folders) - parents) :]
        return _clean("-".join([*folders, self.with_suffix if keep_suffix else self.base]))


def _find_place(clip: ClipFile) -> _Place:
    path = clip.images[0].parent if clip.images else clip.path
    place = Path(os.path.normpath(path.absolute()))
    folders, base, suffix = place.parent.parts[1:], *split_suffix(place.name)
    if clip.images:
        prefix = "" if _has_own_folder(clip) else _read_prefix(clip)
        base, suffix = f"{place.name}-{prefix}" if prefix else place.name, clip.images[0].suffix
    return _Place(folders=folders, base=base, with_suffix=f"{base}{suffix}")


def _has_own_folder(clip: ClipFile) -> bool:
    return clip.path.resolve() == clip.images[0].parent.resolve()


def _read_prefix(clip: ClipFile) -> str:
    """Return what distinguishes a sequence from others in its folder: its pattern without the number."""
    return split_suffix(clip.path.name)[0].replace("*", "").strip(" ._-")


def _group(places: Sequence[_Place], parents: int, *, keep_suffix: bool = False) -> list[list[_Place]]:
    """Group clips that have the same name with so many folders in front."""
    alike: dict[str, list[_Place]] = defaultdict(list)
    for place in places:
        alike[_fold(place.name(parents, keep_suffix=keep_suffix))].append(place)
    return list(alike.values())


def _tell_apart(places: Sequence[_Place], parents: int) -> Iterator[tuple[_Place, str]]:
    """Yield a name for each of some clips that have the same name with so many folders in front.

    More folders are put in front until some of the names differ; then the rest are told apart in the same way. Clips
    of one folder keep their suffixes. Names that are still equal are numbered by the caller.
    """
    if len(places) > 1:
        for more in range(parents + 1, max(len(place.folders) for place in places) + 1):
            groups = _group(places, more)
            if len(groups) > 1:
                for group in groups:
                    yield from _tell_apart(group, more)
                return
    by_suffix = _group(places, parents, keep_suffix=True)
    for group in by_suffix:
        differs = len(group) == 1 < len(by_suffix)
        yield from ((place, place.name(parents, keep_suffix=differs)) for place in group)


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
    return (_number(name, number) for number in count(1))


def _number(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
