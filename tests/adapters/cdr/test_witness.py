"""When legs ended that are gone: read from the end of Asterisk's record, in bounded time."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.cdr.witness import READ_AT_MOST, HangupWitness
from ekc_telephony.core.call.events import Ended
from ekc_telephony.core.kernel.ids import LegId
from tests.adapters.cdr.rows import NOON, after
from tests.adapters.cdr.rows import hangup as line

OLGA, PAUL = LegId("ekc-1.1"), LegId("ekc-1.2")


def bytes_read() -> int:
    """Return how much this process has read from all its files so far."""
    counted = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counted["rchar"])


def test_ends_are_told_with_the_context_and_no_word_is_said_of_others(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    record.write_bytes(line(OLGA, ends=5) + line("ekc-1.9", ends=7, context="fallback"))
    told = HangupWitness(record).ended([OLGA, PAUL, LegId("ekc-1.9")], since=NOON)
    assert told == {
        OLGA: Ended(at=after(5), context="from-trunk"),
        "ekc-1.9": Ended(at=after(7), context="fallback"),
    }


def test_a_phone_that_died_is_told_apart_from_one_that_was_hung_up(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    record.write_bytes(line(OLGA, ends=5, cause=44) + line(PAUL, ends=6, cause=16))
    told = HangupWitness(record).ended([OLGA, PAUL], since=NOON)
    assert {leg: each.is_normal for leg, each in told.items()} == {OLGA: False, PAUL: True}


def test_a_line_that_is_being_written_is_not_believed(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    record.write_bytes(line(PAUL, ends=4) + line(OLGA, ends=5)[:-1])
    assert HangupWitness(record).ended([OLGA, PAUL], since=NOON).keys() == {PAUL}


def test_a_record_rotated_a_moment_ago_is_looked_into(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    record.write_bytes(line(PAUL, ends=6))
    record.with_name("hangups.csv.1").write_bytes(line(OLGA, ends=5))
    assert HangupWitness(record).ended([OLGA, PAUL], since=NOON).keys() == {OLGA, PAUL}


def test_a_record_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert HangupWitness(tmp_path / "hangups.csv").ended([OLGA], since=NOON) == {}


def test_a_large_record_is_not_read_to_its_beginning(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    other = line("ekc-1.9")
    count = READ_AT_MOST * 3 // len(other)
    record.write_bytes(line(PAUL) + other * count + line(OLGA, ends=5))
    before = bytes_read()
    told = HangupWitness(record).ended([OLGA, PAUL], since=NOON)
    assert bytes_read() - before < READ_AT_MOST * 1.1
    assert told.keys() == {OLGA}


def test_what_is_older_than_the_question_ends_the_search(tmp_path: Path) -> None:
    record = tmp_path / "hangups.csv"
    record.write_bytes(line(OLGA, ends=5) + line("ekc-1.8", ends=-50) + line(PAUL, ends=6))
    assert HangupWitness(record).ended([OLGA, PAUL], since=NOON).keys() == {PAUL}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=120))
def test_lines_are_found_wherever_the_blocks_are_cut(tmp_path: Path, widths: list[int]) -> None:
    """Lines of all lengths, so that the edge of a block falls anywhere."""
    record = tmp_path / "hangups.csv"
    legs = [LegId(f"ekc-1.{n}") for n in range(len(widths))]
    record.write_bytes(
        b"".join(
            line(leg, ends=n, context="x" * width)
            for n, (leg, width) in enumerate(zip(legs, widths, strict=True))
        )
    )
    told = HangupWitness(record).ended(legs, since=NOON)
    assert {leg: each.at for leg, each in told.items()} == {
        leg: after(n) for n, leg in enumerate(legs)
    }
