"""Decodes frames with GDCM in a process of its own, because GDCM ends its process on some damaged frames.

The process starts with the first frame, and stays for the next ones. If a frame ends it, only that frame is lost.
"""

from __future__ import annotations

import atexit
import functools
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

GDCM: Final = "gdcm"
PROGRAM: Final = "import lvzoo.data.clips.dicom.aside as aside; aside.serve()"
PREFIX: Final = 8
"""The bytes of a message's length, which stand before it."""


class DecoderError(Exception):
    """GDCM does not decode a frame. The message is its reason."""


def decode_aside(data: bytes, syntax: UID, **options: Any) -> NDArray[Any]:  # noqa: ANN401 - of pydicom
    """Return the pixels of a compressed frame, decoded with GDCM in another process.

    Raises:
        DecoderError: the frame does not decode, or ends the process.
    """
    return _decoder().decode((data, str(syntax), options))


@functools.cache
def _decoder() -> _Decoder:
    return _Decoder()


class _Decoder:
    """The process that decodes. It is started when it is needed, and again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        atexit.register(self._end)

    def decode(self, request: tuple[bytes, str, dict[str, Any]]) -> NDArray[Any]:
        with self._lock:
            try:
                process = self._start()
                _send(process.stdin, request)
                answer = _receive(process.stdout)
            except (OSError, EOFError) as error:
                self._end()
                raise DecoderError(f"{GDCM}: {GDCM} crashes on it") from error
        if isinstance(answer, str):
            raise DecoderError(answer)
        return np.asarray(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):  # what could not be sent
                self._process.communicate()
            self._process = None


def serve() -> None:
    """Decode the frames that arrive on stdin, until it is closed; the answers go to stdout."""
    from lvzoo.data.clips.dicom.silence import silence_pydicom

    silence_pydicom()
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # what libraries print is no answer
    while True:
        try:
            request = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(answers, _decode(*request))


def _decode(data: bytes, syntax: str, options: dict[str, Any]) -> NDArray[Any] | str:
    """Return the pixels of a frame, or why it does not decode."""
    try:
        pixels: NDArray[Any] = get_decoder(UID(syntax)).as_array(
            encapsulate([data], has_bot=False), index=0, decoding_plugin=GDCM, **options
        )[0]
    except Exception as error:  # noqa: BLE001 - each decoder raises something else
        return f"{type(error).__name__}: {error}"
    return pixels


def _send(stream: IO[bytes] | None, message: object) -> None:
    assert stream is not None  # noqa: S101 - it is a pipe
    content = pickle.dumps(message)
    stream.write(len(content).to_bytes(PREFIX, "little") + content)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> Any:  # noqa: ANN401 - a request or an answer
    """Return the next message; EOFError if the other process has ended."""
    assert stream is not None  # noqa: S101 - it is a pipe
    length = stream.read(PREFIX)
    content = stream.read(int.from_bytes(length, "little"))
    if len(length) < PREFIX:
        raise EOFError
    return pickle.loads(content)  # noqa: S301 - from our own process
