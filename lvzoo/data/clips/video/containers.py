"""Recognises the containers of videos by the first bytes of a file."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 256
"""So many first bytes of a file are enough for every container."""
MP4_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp")
"""The names of the boxes that an MP4 or MOV file may begin with."""
LARGE_BOX: Final = b"mdat"
"""The box that holds the frames. The others are short."""
EBML: Final = b"\x1a\x45\xdf\xa3"
"""The first bytes of every Matroska and WebM file."""
PROGRAM_STREAM: Final = b"\x00\x00\x01\xba"
MPEG_SEQUENCE: Final = b"\x00\x00\x01\xb3"
"""The first bytes of a bare stream of MPEG-1 or MPEG-2."""
ASF: Final = b"\x30\x26\xb2\x75"
OGG: Final = b"OggS"
FLV: Final = b"FLV\x01"
TS_SYNC: Final = b"G"
TS_PACKETS: Final = ((188, 0), (192, 4), (204, 0))
"""The packets of MPEG transport streams: their length, and where each has its sync byte. Cameras write those of 192
bytes, broadcasters those of 204."""
TS_SCRAMBLED: Final = 0xC0
"""The bits of the fourth byte of a packet that say that it is encrypted."""


def is_avi(head: bytes) -> bool:
    r"""Return whether a file with these first bytes is an AVI.

    >>> is_avi(b"RIFF\0\0\0\0AVI LIST"), is_avi(b"RIFF\0\0\0\0WAVEfmt ")
    (True, False)
    """
    return head[:4] == b"RIFF" and head[8:12] == b"AVI "


def is_mp4(head: bytes) -> bool:
    r"""Return whether a file with these first bytes is an MP4 or MOV file. A text is none.

    >>> is_mp4(b"\0\0\0\x08wide\0\0\0\0mdat"), is_mp4(b"the free software")
    (True, False)
    """
    name = head[4:8]
    return name in MP4_BOXES and (name == LARGE_BOX or head[:1] < b" ")


def is_matroska(head: bytes) -> bool:
    """Return whether a file with these first bytes is a Matroska or WebM file."""
    return head.startswith(EBML)


def is_transport_stream(head: bytes) -> bool:
    """Return whether a file with these first bytes is an MPEG transport stream: two of its packets are looked at.

    >>> is_transport_stream((b"G" + bytes(187)) * 2), is_transport_stream(b"GIF89a" + bytes(300))
    (True, False)
    """
    return any(_is_packet(head, at) and _is_packet(head, at + length) for length, at in TS_PACKETS)


def _is_packet(head: bytes, at: int) -> bool:
    packet = head[at : at + 4]
    return len(packet) == 4 and packet.startswith(TS_SYNC) and not packet[3] & TS_SCRAMBLED


def has_time_stamps(head: bytes) -> bool:
    """Return whether a file with these first bytes is in a container with the time stamp of each frame."""
    others = (PROGRAM_STREAM, ASF, OGG, FLV)
    return is_mp4(head) or is_matroska(head) or is_transport_stream(head) or head.startswith(others)


def is_video(head: bytes) -> bool:
    r"""Return whether the first bytes of a file are those of a video. Not every format of videos has such bytes.

    >>> is_video(b"RIFF\0\0\0\0AVI LIST"), is_video(bytes(128) + b"DICM")
    (True, False)
    """
    return is_avi(head) or has_time_stamps(head) or head.startswith(MPEG_SEQUENCE)
