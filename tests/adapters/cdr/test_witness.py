"""When legs ended that are gone: read from the end of Asterisk's record, in bounded time."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.cdr.witness import READ_AT_MOST, CdrWitness
from ekc_telephony.core.call.events import Ended
from ekc_telephony.core.kernel.ids import LegId
from tests.adapters.cdr.rows import NOON, after, line

OLGA, PAUL = LegId("ekc-1.1"), LegId("ekc-1.2")


def test_ends_are_told_with_the_context_and_no_word_is_said_of_others(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    record.write_bytes(line(OLGA, ends=5) + line("ekc-1.9", ends=7, context="fallback"))
    told = CdrWitness(record).ended([OLGA, PAUL, LegId("ekc-1.9")], since=NOON)
    assert told == {
        OLGA: Ended(at=after(5), context="from-trunk"),
        "ekc-1.9": Ended(at=after(7), context="fallback"),
    }


def test_of_several_stretches_the_last_counts(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    record.write_bytes(line(OLGA, ends=5) + line(OLGA, begins=5, ends=9, context="fallback"))
    assert CdrWitness(record).ended([OLGA], since=NOON) == {
        OLGA: Ended(at=after(9), context="fallback")
    }


def test_a_line_that_is_being_written_is_not_believed(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    record.write_bytes(line(PAUL, ends=4) + line(OLGA, ends=5)[:-1])
    assert CdrWitness(record).ended([OLGA, PAUL], since=NOON).keys() == {PAUL}


def test_a_record_rotated_a_moment_ago_is_looked_into(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    record.write_bytes(line(PAUL, ends=6))
    record.with_name("ekc.csv.1").write_bytes(line(OLGA, ends=5))
    assert CdrWitness(record).ended([OLGA, PAUL], since=NOON).keys() == {OLGA, PAUL}


def test_a_record_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert CdrWitness(tmp_path / "ekc.csv").ended([OLGA], since=NOON) == {}


def test_a_large_record_is_not_read_to_its_beginning(tmp_path: Path) -> None:
    record = tmp_path / "ekc.csv"
    other = line("ekc-1.9")
    count = READ_AT_MOST * 3 // len(other)
    record.write_bytes(line(PAUL) + other * count + line(OLGA, ends=5))
    started = time.perf_counter()
    told = CdrWitness(record).ended([OLGA, PAUL], since=NOON)
    assert time.perf_counter() - started < 1
    assert told.keys() == {OLGA}


def test_what_is_older_than_the_question_ends_the_search_but_one_old_stretch_does_not(
    tmp_path: Path,
) -> None:
    record = tmp_path / "ekc.csv"
    early = line("ekc-1.8", ends=-50)
    record.write_bytes(line(OLGA, ends=5) + early + line("ekc-1.8", ends=6))
    assert CdrWitness(record).ended([OLGA], since=NOON).keys() == {OLGA}
    record.write_bytes(line(OLGA, ends=5) + early * 300)
    assert CdrWitness(record).ended([OLGA], since=NOON) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=120))
def test_lines_are_found_wherever_the_blocks_are_cut(tmp_path: Path, widths: list[int]) -> None:
    """Lines of all lengths, so that the edge of a block falls anywhere."""
    record = tmp_path / "ekc.csv"
    legs = [LegId(f"ekc-1.{n}") for n in range(len(widths))]
    record.write_bytes(
        b"".join(
            line(leg, ends=n, context="x" * width)
            for n, (leg, width) in enumerate(zip(legs, widths, strict=True))
        )
    )
    told = CdrWitness(record).ended(legs, since=NOON)
    assert {leg: each.at for leg, each in told.items()} == {
        leg: after(n) for n, leg in enumerate(legs)
    }
