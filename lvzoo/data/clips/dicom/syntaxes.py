"""The transfer syntaxes of DICOM: which of pydicom's plugins decode one, and what to do where none does."""

from __future__ import annotations

from typing import Final

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

INSTALL: Final = "pip install 'lvzoo[dicom]'"
EXPORT: Final = "export the clip uncompressed or as JPEG baseline"

PLUGINS: Final = ("pillow", "pydicom", "pyjpegls", "pylibjpeg", "gdcm")
"""The plugins of pydicom in the order in which they are tried.

The first two come with lvzoo and with pydicom. They are first because decoders of JPEG differ slightly: a clip that
they decode must not change with what else is installed.
"""
PLUGIN_OF_EXTRA: Final = {
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), "gdcm"),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), "pyjpegls"),
    **dict.fromkeys((JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless, HTJ2KLosslessRPCL), "pylibjpeg"),
}
"""The plugin that the extra `[dicom]` installs for a syntax.

Pillow decodes JPEG 2000 too, except for colours of more than 8 bits. No plugin under a permissive licence decodes the
12 bits of JPEG Extended.
"""

VIDEO_PREFIX: Final = "1.2.840.10008.1.2.4."
VIDEO_NUMBERS: Final = range(100, 109)
"""The last number of the syntaxes of MPEG-2 (100, 101), H.264 (102 to 106) and HEVC (107, 108); `.1` may follow."""

SYNTAX_OF_FRAME: Final = {
    0xC0: JPEGBaseline8Bit,
    0xC1: JPEGExtended12Bit,
    0xC3: JPEGLossless,
    0xF7: JPEGLSNearLossless,
}
"""The syntax that belongs to a JPEG's start-of-frame marker."""
STARTS_OF_JPEG2000: Final = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
START_OF_JPEG: Final = b"\xff\xd8\xff"


def is_video(syntax: UID) -> bool:
    """Return whether the pixel data of a syntax is one stream of MPEG-2, H.264 or HEVC.

    >>> is_video(UID("1.2.840.10008.1.2.4.102.1")), is_video(UID("1.2.840.10008.1.2.4.50"))
    (True, False)
    """
    if not syntax.startswith(VIDEO_PREFIX):
        return False
    number = syntax.removeprefix(VIDEO_PREFIX).split(".")[0]
    return number.isdigit() and int(number) in VIDEO_NUMBERS


def list_plugins(syntax: UID) -> list[str]:
    """Return the installed plugins that decode a compressed syntax, in the order in which they are tried."""
    try:
        available = get_decoder(syntax).available_plugins
    except NotImplementedError:  # a syntax that pydicom does not know
        return []
    return sorted(available, key=lambda name: PLUGINS.index(name) if name in PLUGINS else len(PLUGINS))


def name_syntax(syntax: UID) -> str:
    """Return the name of a syntax in quotes, or its number if it has no name.

    A text that is no number is not quoted, because it may be a patient's name.

    >>> name_syntax(RLELossless), name_syntax(UID("1.2.3"))
    ("'RLE Lossless'", "'1.2.3'")
    """
    return "(text)" if syntax.name == syntax and not syntax.is_valid else f"'{syntax.name}'"


def advise(syntax: UID) -> str:
    """Return what to do about a clip whose syntax is not decoded."""
    plugin = PLUGIN_OF_EXTRA.get(syntax)
    return EXPORT if plugin is None or plugin in list_plugins(syntax) else f"{INSTALL}, or {EXPORT}"


def starts_frame(head: bytes) -> bool:
    """Return whether a fragment with these first bytes begins a JPEG, JPEG-LS or JPEG 2000 picture."""
    return head.startswith((START_OF_JPEG, *STARTS_OF_JPEG2000))


def guess_syntax(head: bytes) -> UID | None:
    """Return the syntax of a compressed picture by its first bytes; None if they show none."""
    if head.startswith(STARTS_OF_JPEG2000):
        return JPEG2000
    if not head.startswith(START_OF_JPEG):
        return RLELossless if _is_rle(head) else None
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        if head[position + 1] in SYNTAX_OF_FRAME:
            return SYNTAX_OF_FRAME[head[position + 1]]
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
    return JPEGBaseline8Bit


def _is_rle(head: bytes) -> bool:
    """Return whether a fragment begins with RLE's table: up to 15 segments, the first of which follows at once."""
    return len(head) >= 8 and 1 <= int.from_bytes(head[:4], "little") <= 15 and head[4:8] == b"\x40\0\0\0"
