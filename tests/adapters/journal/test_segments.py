"""What is read of a segment: all that was written before the first wrong byte, and nothing else."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.journal.layout import (
    FRAME_OVERHEAD,
    HEADER_BYTES,
    MAGIC,
    MARKER,
    Cipher,
)
from ekc_telephony.adapters.journal.segments import (
    JournalDamagedError,
    JournalKeyError,
    Record,
    Segment,
    list_segments,
    read_segment,
)
from tests.adapters.journal.folders import (
    KEY,
    MORNING,
    OTHER_KEY,
    HandClock,
    contents_of,
    everything_in,
    journal_in,
)

contents = st.lists(st.binary(max_size=200) | st.just(MARKER * 3), min_size=1, max_size=12)


@contextmanager
def a_segment(records: list[bytes]) -> Iterator[Path]:
    with TemporaryDirectory() as name:
        journal = journal_in(Path(name))
        journal.begin_segment(records[0])
        for record in records[1:]:
            journal.append(record)
        journal.close()
        yield list_segments(Path(name), key=KEY)[0].path


def frames_end_at(records: list[bytes]) -> list[int]:
    """The size of the file after each record."""
    ends, size = [], HEADER_BYTES
    for record in records:
        size += FRAME_OVERHEAD + len(record)
        ends.append(size)
    return ends


@given(contents)
def test_what_was_written_is_read_again(records: list[bytes]) -> None:
    with a_segment(records) as segment:
        assert contents_of(segment) == records
        assert segment.stat().st_size == frames_end_at(records)[-1]


@given(records=contents, where=st.data())
def test_a_file_cut_anywhere_gives_every_record_before_the_cut(
    records: list[bytes], where: st.DataObject
) -> None:
    with a_segment(records) as segment:
        written = segment.read_bytes()
        cut = where.draw(st.integers(0, len(written)))
        segment.write_bytes(written[:cut])
        whole = sum(end <= cut for end in frames_end_at(records))
        assert contents_of(segment) == records[:whole]


@given(records=contents, where=st.data())
def test_zeros_or_garbage_instead_of_the_last_bytes_are_a_torn_tail(
    records: list[bytes], where: st.DataObject
) -> None:
    with a_segment(records) as segment:
        written = segment.read_bytes()
        cut = where.draw(st.integers(HEADER_BYTES, len(written)))
        garbage = where.draw(st.binary(max_size=60) | st.just(bytes(4096)))
        segment.write_bytes(written[:cut] + garbage)
        whole = sum(end <= cut for end in frames_end_at(records))
        # Garbage may be what was cut off: then the record is there again.
        read = contents_of(segment)
        assert read[:whole] == records[:whole]
        assert read == records[: len(read)]


@given(records=contents, where=st.data())
def test_a_flipped_bit_ends_the_reading_just_before_its_record(
    records: list[bytes], where: st.DataObject
) -> None:
    with a_segment(records) as segment:
        written = bytearray(segment.read_bytes())
        at = where.draw(st.integers(HEADER_BYTES, len(written) - 1))
        written[at] ^= 1 << where.draw(st.integers(0, 7))
        segment.write_bytes(written)
        hit = sum(end <= at for end in frames_end_at(records))
        if hit == len(records) - 1:
            # Nothing follows the last record, so it cannot be told from one that was torn.
            assert contents_of(segment) == records[:hit]
        else:
            read, error = read_until_damage(segment)
            assert read == records[:hit]
            assert error.offset == [HEADER_BYTES, *frames_end_at(records)][hit]


def read_until_damage(segment: Path) -> tuple[list[bytes], JournalDamagedError]:
    read = []
    try:
        for record in read_segment(segment, key=KEY):
            read.append(record.content)  # noqa: PERF401 - what came before the error counts
    except JournalDamagedError as damage:
        return read, damage
    raise AssertionError("no damage was found")


@given(at=st.integers(0, HEADER_BYTES - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_in_the_header_is_damage_and_no_wrong_key(at: int, bit: int) -> None:
    with a_segment([b"opening", b"record"]) as segment:
        written = bytearray(segment.read_bytes())
        written[at] ^= 1 << bit
        segment.write_bytes(written)
        with pytest.raises(JournalDamagedError, match="byte 0: expected"):
            contents_of(segment)


@given(records=contents.filter(lambda each: len(each) > 2), where=st.data())
def test_a_record_taken_out_doubled_or_moved_is_damage(
    records: list[bytes], where: st.DataObject
) -> None:
    with a_segment(records) as segment:
        written = segment.read_bytes()
        edges = [HEADER_BYTES, *frames_end_at(records)]
        frames = [written[a:b] for a, b in pairwise(edges)]
        forged = where.draw(
            st.lists(st.sampled_from(frames), max_size=len(frames) + 2).filter(
                lambda each: each != frames[: len(each)]
            )
        )
        segment.write_bytes(written[:HEADER_BYTES] + b"".join(forged))
        with pytest.raises(JournalDamagedError):
            contents_of(segment)


def test_a_record_of_another_segment_is_not_taken_for_one_of_this(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        journal = journal_in(folder)
        journal.begin_segment(b"opening")
        journal.append(folder.name.encode())
        journal.close()
    one, two = (list_segments(tmp_path / name, key=KEY)[0].path for name in ("one", "two"))
    two_frame = two.read_bytes()[frames_end_at([b"opening"])[0] :]
    one.write_bytes(one.read_bytes()[: -len(two_frame)] + two_frame)
    assert contents_of(one) == [b"opening"]


def test_a_wrong_key_is_told_apart_from_damage(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.close()
    with pytest.raises(JournalKeyError, match=r"secrets\.json is not the one"):
        list_segments(tmp_path, key=OTHER_KEY)
    (segment,) = list_segments(tmp_path, key=KEY)
    with pytest.raises(JournalKeyError):
        list(read_segment(segment.path, key=OTHER_KEY))


def test_a_header_forged_with_a_checksum_that_fits_opens_nothing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.close()
    segment = tmp_path / "000000000001.journal"
    content = bytearray(segment.read_bytes())
    began_at = 20
    content[began_at + 3] ^= 1
    content[HEADER_BYTES - 4 : HEADER_BYTES] = zlib.crc32(content[: HEADER_BYTES - 4]).to_bytes(
        4, "big"
    )
    segment.write_bytes(content)
    with pytest.raises(JournalKeyError):
        contents_of(segment)


def test_a_file_of_another_release_or_program_says_so(tmp_path: Path) -> None:
    header = bytearray(Cipher.begin(key=KEY, first_position=1, began_at=MORNING).header)
    segment = tmp_path / "000000000001.journal"
    segment.write_bytes(b"SQLite f" + header[len(MAGIC) :])
    with pytest.raises(JournalDamagedError, match="found b'SQLite f'"):
        list(read_segment(segment, key=KEY))
    header[len(MAGIC) + 1] = 2
    header[-4:] = zlib.crc32(header[:-4]).to_bytes(4, "big")
    segment.write_bytes(header)
    with pytest.raises(JournalDamagedError, match="expected format 1, found format 2"):
        list(read_segment(segment, key=KEY))


def test_the_error_names_file_and_byte_and_says_what_to_do(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.append(b"second")
    journal.append(b"third")
    journal.close()
    (segment,) = list_segments(tmp_path, key=KEY)
    written = bytearray(segment.path.read_bytes())
    second = frames_end_at([b"opening"])[0]
    written[second + 30] ^= 1
    segment.path.write_bytes(written)
    with pytest.raises(JournalDamagedError) as error:
        contents_of(segment.path)
    assert str(error.value).startswith(f"{segment.path}, byte {second}: expected record 2, found ")
    assert "record 3 after" in str(error.value)
    assert "move the file out of the folder" in str(error.value)


def test_a_record_tells_its_position_and_the_microsecond_it_was_appended(tmp_path: Path) -> None:
    clock = HandClock()
    journal = journal_in(tmp_path, clock)
    journal.begin_segment(b"opening")
    clock.advance(timedelta(seconds=1, microseconds=7))
    journal.append(b"")
    journal.close()
    (segment,) = list_segments(tmp_path, key=KEY)
    assert segment == Segment(
        path=tmp_path / "000000000001.journal", first_position=1, began_at=MORNING
    )
    assert list(read_segment(segment.path, key=KEY)) == [
        Record(position=1, at=MORNING, content=b"opening"),
        Record(position=2, at=clock.now(), content=b""),
    ]


def test_nothing_of_a_record_can_be_read_in_the_file(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.begin_segment(b"+79161234567" * 10)
    journal.append(b"+79161234567" * 10)
    journal.close()
    written = (tmp_path / "000000000001.journal").read_bytes()
    assert b"7916" not in written
    frames = [written[HEADER_BYTES + 24 :][:120], written[-136:-16]]
    assert frames[0] != frames[1]


def test_a_segment_whose_header_is_damaged_hides_no_other(tmp_path: Path) -> None:
    for opening in (b"first", b"second"):
        journal = journal_in(tmp_path)
        journal.begin_segment(opening)
        journal.close()
    damaged = tmp_path / "000000000001.journal"
    damaged.write_bytes(b"?" + damaged.read_bytes()[1:])
    segments = list_segments(tmp_path, key=KEY)
    assert [segment.first_position for segment in segments] == [1, 2]
    assert contents_of(segments[1].path) == [b"second"]


def test_what_is_no_segment_is_left_out_of_the_list(tmp_path: Path) -> None:
    assert list_segments(tmp_path / "nowhere", key=KEY) == []
    journal = journal_in(tmp_path)
    journal.begin_segment(b"opening")
    journal.close()
    (tmp_path / "README").write_text("not ours")
    (tmp_path / "old.journal").write_text("not ours")
    (tmp_path / "000000000002.journal").write_bytes(bytes(4096))
    shutil.copy(tmp_path / "000000000001.journal", tmp_path / "000000000001.journal.bak")
    assert everything_in(tmp_path) == [(1, b"opening")]
