"""Asterisk's record, line by line: whole, torn, rotated."""

from __future__ import annotations

import gzip
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.cdr.calls import witnessed_calls
from ekc_telephony.adapters.cdr.rows import CdrFiles, CdrRow, row_of
from tests.adapters.cdr.rows import NOON, after, line

RECORDED = (
    b'"ekc-1795316906.1","ekc-1795316906.1","PJSIP/city-00000001","+79130000001","88001000003",'
    b'"from-trunk","Stasis","1795316906.837006","1795316906.838372","1795316907.975622",'
    b'"ANSWERED","","","PJSIP/ivanova-00000002","1"\n'
)


def row(content: bytes) -> CdrRow:
    found = row_of(content)
    assert found is not None
    return found


def test_a_line_of_asterisk_is_read_to_the_microsecond() -> None:
    found = row(RECORDED)
    assert (found.leg, found.endpoint, found.peer) == (
        "ekc-1795316906.1",
        "city",
        "PJSIP/ivanova-00000002",
    )
    assert found.began_at == datetime.fromisoformat("2026-11-22T03:08:26.837006+00:00")
    assert found.ended_at - found.began_at == timedelta(microseconds=1_138_616)


def test_a_call_that_nobody_answered_has_no_answer() -> None:
    assert row(line("ekc-1.1")).answered_at is None
    assert row(line("ekc-1.1", answered=3)).answered_at == after(3)


def test_an_endpoint_may_have_dashes_in_its_name() -> None:
    assert row(line("ekc-1.1", channel="PJSIP/city-2-0000001f")).endpoint == "city-2"


@given(st.integers(0, len(RECORDED) - 1))
def test_a_torn_line_is_no_row(length: int) -> None:
    assert row_of(RECORDED[:length]) is None


@given(st.binary())
def test_whatever_stands_in_the_file_is_a_row_or_not_and_never_an_error(content: bytes) -> None:
    row_of(content)
    row_of(content + b"\n")


@given(st.integers(0, len(RECORDED) - 2), st.integers(0, 255))
def test_a_damaged_byte_is_no_error(position: int, byte: int) -> None:
    row_of(RECORDED[:position] + bytes([byte]) + RECORDED[position + 1 :])


def write(path: Path, content: bytes, *, at: datetime) -> None:
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_rotated_files_are_read_oldest_first_and_old_ones_are_not_opened(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    write(record, line("ekc-1.3"), at=after(300))
    write(tmp_path / "ekc.csv.1", line("ekc-1.2"), at=after(200))
    write(tmp_path / "ekc.csv.2.gz", gzip.compress(line("ekc-1.1")), at=after(100))
    write(tmp_path / "ekc.csv.3.gz", b"not opened", at=after(-9999))
    found = CdrFiles(record)
    assert [each.leg for each in found.read(since=NOON)] == ["ekc-1.1", "ekc-1.2", "ekc-1.3"]
    assert found.unreadable == 0


def test_a_bad_line_hides_no_other(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    content = line("ekc-1.1") + b'"ekc-1.2","torn\n' + line("ekc-1.3") + line("ekc-1.4")[:-9]
    write(record, content, at=after(100))
    found = CdrFiles(record)
    read: list[int] = []
    rows = list(found.read(since=NOON, on_bytes=read.append))
    assert [each.leg for each in rows] == ["ekc-1.1", "ekc-1.3"]
    assert (found.unreadable, sum(read)) == (2, len(content))


def test_what_ended_before_is_left_out(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    write(record, line("ekc-1.1", ends=10) + line("ekc-1.2", ends=20), at=after(100))
    assert [each.leg for each in CdrFiles(record).read(since=after(15))] == ["ekc-1.2"]


def test_a_record_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    assert list(CdrFiles(tmp_path / "ekc.csv").read(since=NOON)) == []


def rows_of(*lines: bytes) -> list[CdrRow]:
    return [row(each) for each in lines]


IVANOVA = "PJSIP/ivanova-00000002"


@pytest.mark.parametrize(
    ("peer", "seconds"),
    [
        pytest.param(IVANOVA, 50, id="the two were connected until the citizen left"),
        pytest.param("", 2, id="the operator answered and was connected to nobody"),
    ],
)
def test_a_talk_lasts_from_the_operators_answer_to_the_parting(peer: str, seconds: float) -> None:
    rows = rows_of(
        line("ekc-1.1-offer-2", call="ekc-1.1", channel=IVANOVA, answered=10, ends=12),
        line("ekc-1.1", answered=1, peer=peer, ends=60),
    )
    (call,) = witnessed_calls(rows, trunks={"city"}).values()
    assert call.longest_talk == timedelta(seconds=seconds)


def test_the_stretches_of_a_channel_are_one_call_and_operators_own_calls_are_none() -> None:
    rows = rows_of(
        line("ekc-1.1", ends=20),
        line("ekc-1.1", begins=20, ends=90, context="fallback"),
        line("ekc-1.5", channel=IVANOVA, context="from-operators"),
        line("ekc-1.1-offer-1", call="ekc-1.1", channel=IVANOVA),
    )
    (call,) = witnessed_calls(rows, trunks={"city"}).values()
    assert (call.began_at, call.ended_at) == (NOON, after(90))
    assert call.was_in_fallback
    assert call.longest_talk == timedelta()


def test_a_supervisor_who_takes_part_adds_no_call_and_changes_no_talk() -> None:
    supervisor, tap = "PJSIP/nikitina-00000003", "Snoop/ekc-1.1-offer-2-00000000"
    rows = rows_of(
        line("ekc-1.1-offer-2", call="ekc-1.1", channel=IVANOVA, answered=10, ends=12),
        line("ekc-1.1", answered=1, peer=IVANOVA, ends=60),
        line("ekc-1.1-tap-3", call="ekc-1.1", channel=tap, answered=20, ends=30),
        line("ekc-1.1-supervisor-2", call="ekc-1.1", channel=supervisor, answered=20, ends=90),
        line("ekc-1.1", begins=30, answered=30, peer=supervisor, ends=60),
    )
    (call,) = witnessed_calls(rows, trunks={"city"}).values()
    assert (call.began_at, call.ended_at) == (NOON, after(60))
    assert call.longest_talk == timedelta(seconds=50)
