"""Damages the content of files: cuts, flipped bits, swapped and doubled blocks, inserted bytes, changed numbers.

Every choice is drawn from the given generator, so a mutant can be made again from its number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHANGES = 3
HEAD = 512
"""Half of the changed numbers lie in so many first bytes, where most formats have their header."""
LONGEST_BLOCK = 256
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
VALUE = re.compile(rb'"(?:[^"\\\n]|\\.)*"|\b(?:true|false|null)\b|' + NUMBER.pattern)
BINARY_NUMBERS = (0, 1, 2, 3, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
TEXT_NUMBERS = (
    *(b"0", b"-1", b"1", b"2", b"1e308", b"1e999", b"-1e999", b"NaN", b"Infinity", b"nan", b"0.5", b""),
    *(
        b"99999999999999999999",
        b"2147483648",
        b"-9223372036854775809",
        b"1" * 5000,
        b"\xd9\xa3",
        b"0x10",
        b"1_0",
    ),
)
TEXT_VALUES = (
    *(b"null", b"true", b'""', b"[]", b"{}", b"0", b"-1", b"1e999", b"NaN", b"[[[[]]]]", b'{"a": 1}', b'"x"'),
    *(
        b'"..\\/.."',
        b'"\\u0000"',
        b'"\\ud800"',
        b"[" * 3000,
        b'{"a":' * 3000,
        b"&a [*a]",
        b"!!python/object:x y",
    ),
)


def mutate(content: bytes, rng: np.random.Generator, *, is_text: bool) -> bytes:
    """Return the content with one to three changes. It differs from the original."""
    mutant = content
    while mutant == content:
        for _ in range(int(rng.integers(1, MOST_CHANGES + 1))):
            changes = TEXT_CHANGES if is_text and rng.random() < 0.7 else CHANGES
            mutant = changes[int(rng.integers(len(changes)))](mutant, rng)
    return mutant


def _pick_block(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Return where a block begins and ends."""
    start = int(rng.integers(len(content) + 1))
    return start, min(len(content), start + int(rng.integers(1, LONGEST_BLOCK)))


def _cut_end(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content) + 1))]


def _cut_out(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _pick_block(content, rng)
    return content[:start] + content[end:]


def _flip_bits(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9)) if content else 0):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _overwrite(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _pick_block(content, rng)
    filling = (
        rng.bytes(end - start) if rng.random() < 0.5 else bytes([int(rng.choice([0, 255]))]) * (end - start)
    )
    return content[:start] + filling + content[end:]


def _insert(content: bytes, rng: np.random.Generator) -> bytes:
    start, _ = _pick_block(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 64))) + content[start:]


def _double(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _pick_block(content, rng)
    return content[:end] + content[start:end] * int(rng.integers(1, 4)) + content[end:]


def _swap(content: bytes, rng: np.random.Generator) -> bytes:
    """Swap two neighbouring blocks."""
    start, middle = _pick_block(content, rng)
    end = min(len(content), middle + int(rng.integers(1, LONGEST_BLOCK)))
    return content[:start] + content[middle:end] + content[start:middle] + content[end:]


def _change_binary_number(content: bytes, rng: np.random.Generator) -> bytes:
    """Write an extreme number over 1 to 8 bytes."""
    size = int(rng.choice([1, 2, 4, 8]))
    if len(content) < size:
        return content
    reach = min(len(content), HEAD) if rng.random() < 0.5 else len(content)
    at = int(rng.integers(max(1, reach - size)))
    number = BINARY_NUMBERS[int(rng.integers(len(BINARY_NUMBERS)))] % 2 ** (8 * size)
    coded: bytes = number.to_bytes(size, "little" if rng.random() < 0.7 else "big")
    return content[:at] + coded + content[at + size :]


def _replace(
    pattern: re.Pattern[bytes], others: tuple[bytes, ...]
) -> Callable[[bytes, np.random.Generator], bytes]:
    def change(content: bytes, rng: np.random.Generator) -> bytes:
        found = list(pattern.finditer(content))
        if not found:
            return content
        old = found[int(rng.integers(len(found)))]
        new = others[int(rng.integers(len(others)))]
        return content[: old.start()] + new + content[old.end() :]

    return change


def _double_line(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    at = int(rng.integers(len(lines))) if lines else 0
    return b"".join([*lines[:at], *lines[at : at + 1] * 2, *lines[at + 1 :]])


def _swap_lines(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    if lines:
        one, other = rng.integers(len(lines), size=2)
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


CHANGES = (
    *(_cut_end, _cut_out, _flip_bits, _flip_bits, _overwrite, _insert, _double, _swap),
    *(_change_binary_number, _change_binary_number, _change_binary_number),
)
TEXT_CHANGES = (
    *(_replace(NUMBER, TEXT_NUMBERS), _replace(VALUE, TEXT_VALUES), _replace(VALUE, TEXT_VALUES)),
    *(_double_line, _swap_lines),
)
