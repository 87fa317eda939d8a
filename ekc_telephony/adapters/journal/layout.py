"""
The layout of a segment, to the byte: one header, then frames, nothing else.

A segment is one file of the journal. Its header carries a random salt, from which and from the
installation's key the segment's own key is derived; a frame carries one record, encrypted.
docs/architecture/journal.md has the same as tables. Numbers are big-endian.

Rule 1: a nonce is used once under one key: the nonce is the record's position, positions only grow
within a segment, and every segment has a key of its own.
Rule 2: what is not authentic is never returned: header fields go into the derivation of the key,
the head of a frame is the associated text of its encryption.
Rule 3: a wrong key is not damage: the header has a checksum that needs no key, and a seal that
does.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
"""AES-256."""
MAGIC: Final = b"EKCJRNL\n"
VERSION: Final = 1
MARKER: Final = b"\xe5JR\n"
"""Opens every frame, so that frames behind a damaged one are found again."""

_SALT_BYTES: Final = 32
_SEAL_BYTES: Final = 16
_TAG_BYTES: Final = 16
_FIELDS: Final = struct.Struct(f">8sHHQq{_SALT_BYTES}s")
_CHECKSUM: Final = struct.Struct(">I")
HEADER_BYTES: Final = _FIELDS.size + _SEAL_BYTES + _CHECKSUM.size
_HEAD: Final = struct.Struct(">4sIQq")
_NONCE: Final = struct.Struct(">4xQ")
FRAME_OVERHEAD: Final = _HEAD.size + _TAG_BYTES
"""What a record costs in the file beyond its own bytes."""
_PURPOSE: Final = b"EKC journal segment "
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class TornHeaderError(Exception):
    """The header was never written whole: power failed when the segment had just been begun."""


class BadHeaderError(Exception):
    """
    The header is not what was written.

    Args:
        expected: What should stand there, in words.
        found: What stands there.
    """

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


class ForeignKeyError(Exception):
    """The header is whole, but was written with another key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One record where it lies in its segment."""

    position: int
    at: datetime
    content: bytes
    end: int
    """The offset in the file of what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cipher:
    """What opens and closes the frames of one segment."""

    first_position: int
    began_at: datetime
    header: bytes = field(repr=False)
    _cipher: AESGCM = field(repr=False)

    @classmethod
    def begin(cls, *, key: bytes, first_position: int, began_at: datetime) -> Self:
        """Make the header and the key of a new segment."""
        began = _microseconds(began_at)
        fields = _FIELDS.pack(
            MAGIC, VERSION, HEADER_BYTES, first_position, began, os.urandom(_SALT_BYTES)
        )
        segment_key, seal = _derive(key, fields)
        sealed = fields + seal
        return cls(
            first_position=first_position,
            began_at=_moment(began),
            header=sealed + _CHECKSUM.pack(zlib.crc32(sealed)),
            _cipher=AESGCM(segment_key),
        )

    @classmethod
    def from_header(cls, content: bytes, *, key: bytes) -> Self:
        """
        Read the header that a segment's content begins with.

        Raises:
            TornHeaderError: It was never written whole.
            BadHeaderError: It is damaged, or of another program or version.
            ForeignKeyError: It was written with another key.
        """
        header = content[:HEADER_BYTES]
        if len(header) < HEADER_BYTES or not any(header):
            raise TornHeaderError
        _require_intact(header)
        _, _, _, first_position, began, _ = _FIELDS.unpack_from(header)
        segment_key, seal = _derive(key, header[: _FIELDS.size])
        if header[_FIELDS.size : _FIELDS.size + _SEAL_BYTES] != seal:
            raise ForeignKeyError
        return cls(
            first_position=first_position,
            began_at=_moment(began),
            header=header,
            _cipher=AESGCM(segment_key),
        )

    def close_frame(self, content: bytes, *, position: int, at: datetime) -> bytes:
        """Return the frame of a record; never call it twice with one position (Rule 1)."""
        head = _HEAD.pack(MARKER, len(content), position, _microseconds(at))
        return head + self._cipher.encrypt(_NONCE.pack(position), content, head)

    def open_frame(self, segment: memoryview, offset: int) -> Frame | None:
        """Return the frame that begins at `offset`, or None when no authentic one does."""
        body = offset + _HEAD.size
        if body > len(segment):
            return None
        marker, length, position, at = _HEAD.unpack_from(segment, offset)
        end = body + length + _TAG_BYTES
        if marker != MARKER or end > len(segment):
            return None
        try:
            content = self._cipher.decrypt(
                _NONCE.pack(position), segment[body:end], segment[offset:body]
            )
        except InvalidTag:
            return None
        return Frame(position=position, at=_moment(at), content=content, end=end)


def _require_intact(header: bytes) -> None:
    magic, version, size, _, _, _ = _FIELDS.unpack_from(header)
    if magic != MAGIC:
        raise BadHeaderError(
            expected=f"the letters {MAGIC!r} of a journal", found=repr(bytes(magic))
        )
    (checksum,) = _CHECKSUM.unpack_from(header, HEADER_BYTES - _CHECKSUM.size)
    is_intact = checksum == zlib.crc32(header[: -_CHECKSUM.size])
    if is_intact and (version, size) != (VERSION, HEADER_BYTES):
        raise BadHeaderError(
            expected=f"format {VERSION}", found=f"format {version}, written by another release"
        )
    if not is_intact:
        raise BadHeaderError(expected="a header that fits its checksum", found="one that does not")


def _derive(key: bytes, fields: bytes) -> tuple[bytes, bytes]:
    """Return the segment's key and its seal, by RFC 5869."""
    expansion = HKDF(
        algorithm=SHA256(),
        length=KEY_BYTES + _SEAL_BYTES,
        salt=fields[-_SALT_BYTES:],
        info=_PURPOSE + fields,
    ).derive(key)
    return expansion[:KEY_BYTES], expansion[KEY_BYTES:]


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
