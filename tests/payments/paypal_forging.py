"""How someone who saw one delivery makes another body its signature fits: only the CRC32 of the body is signed."""

from __future__ import annotations

import zlib

SPARE = 48  # characters that may be "0" or "1"; 32 bits of CRC need a few more than 32


def colliding(beginning: bytes, end: bytes, crc: int) -> bytes:
    """`beginning` + a string of zeros and ones + `end`, with this CRC32. A CRC is linear: 32 equations over two values."""
    plain = beginning + b"0" * SPARE + end
    base = zlib.crc32(plain)
    rows: dict[int, tuple[int, int]] = {}  # highest bit -> (what it changes, which characters)
    for n in range(SPARE):
        flipped = plain[: len(beginning) + n] + b"1" + plain[len(beginning) + n + 1 :]
        change, which = zlib.crc32(flipped) ^ base, 1 << n
        while change and change.bit_length() in rows:
            other, others = rows[change.bit_length()]
            change, which = change ^ other, which ^ others
        if change:
            rows[change.bit_length()] = (change, which)
    wanted, chosen = base ^ crc, 0
    while wanted:
        change, which = rows[wanted.bit_length()]
        wanted, chosen = wanted ^ change, chosen ^ which
    spare = "".join("1" if chosen >> n & 1 else "0" for n in range(SPARE))
    return beginning + spare.encode() + end
