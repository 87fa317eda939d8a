"""The notes of the fallback: read, removed, put aside when nobody can read them."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekc_telephony.adapters.spool.folder import CALLS_AT_ONCE, SpoolFolder
from tests.adapters.spool.notes import NOON, after, write_begun, write_json

CALL = "ekc-1795300000.17"
LATE = datetime.fromisoformat("2100-01-01T00:00:00+00:00")
"""Long after every file of a test was written."""


def test_a_call_that_has_begun_is_told_without_an_end(tmp_path: Path) -> None:
    write_begun(tmp_path, CALL)
    (call,) = SpoolFolder(tmp_path).read(LATE)
    assert (call.call, call.number, call.was_served) == (CALL, "+79001234567", False)
    assert (call.began_at, call.entered_at, call.ended_at) == (NOON, after(1), None)


def test_the_note_of_the_end_says_all_and_is_read_instead(tmp_path: Path) -> None:
    write_begun(tmp_path, CALL, number="112")
    write_json(tmp_path, CALL, answered=20, was_served=True)
    (call,) = SpoolFolder(tmp_path).read(LATE)
    assert (call.ended_at, call.answered_at, call.agent) == (after(60), after(20), "ivanova")
    assert (call.was_served, call.has_asked, call.number) == (True, False, "+79001234567")


def test_a_hidden_number_is_none(tmp_path: Path) -> None:
    write_begun(tmp_path, "ekc-1.1", number="")
    write_json(tmp_path, "ekc-1.2", number="")
    write_json(tmp_path, "ekc-1.3", number=None)
    assert {call.number for call in SpoolFolder(tmp_path).read(LATE)} == {None}


def test_what_the_dialplan_adds_when_the_script_fails_counts_and_the_later_value_wins(
    tmp_path: Path,
) -> None:
    file = write_begun(tmp_path, CALL, was_served="1")
    with file.open("a") as lines:
        lines.write("ended_at=\nchoice=callback\nanswered_at=\nagent=\n")
        lines.write(f"ended_at={after(9).timestamp()}\nchoice=callback\nanswered_at=\nagent=\n")
    (call,) = SpoolFolder(tmp_path).read(LATE)
    assert (call.ended_at, call.has_asked, call.agent) == (after(9), True, None)
    assert call.was_served


def test_when_the_script_worked_at_the_key_and_failed_at_the_end_the_dialplan_tells_the_end(
    tmp_path: Path,
) -> None:
    write_json(tmp_path, CALL, ended=None, choice="callback")
    write_begun(tmp_path, CALL)
    spool = SpoolFolder(tmp_path)
    (call,) = spool.read(LATE)
    assert (call.has_asked, call.ended_at) == (True, None)
    write_begun(tmp_path, CALL, ended_at=str(after(9).timestamp()), choice="callback")
    (call,) = spool.read(LATE)
    assert (call.has_asked, call.ended_at) == (True, after(9))


def test_a_begin_that_the_dialplan_did_not_know_is_the_entry(tmp_path: Path) -> None:
    write_begun(tmp_path, CALL, began_at="")
    (call,) = SpoolFolder(tmp_path).read(LATE)
    assert call.began_at == after(1)


def test_a_call_is_forgotten_with_both_its_files(tmp_path: Path) -> None:
    spool = SpoolFolder(tmp_path)
    for name in (CALL, "ekc-1.1"):
        write_begun(tmp_path, name)
    write_json(tmp_path, CALL)
    (first, *_) = spool.read(LATE)
    assert len(spool) == 2
    spool.remove(first.call)
    assert [file.name for file in tmp_path.iterdir()] == ["ekc-1.1.begun"]
    assert spool.calls() == {"ekc-1.1"}


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    spool = SpoolFolder(tmp_path / "nowhere")
    assert (spool.read(LATE), len(spool)) == ([], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"call": "ekc-1.9"},
        {"began_at": "noon"},
        {"ended_at": 1e30},
        {"was_served": "yes"},
        {"did": None},
    ],
)
def test_a_note_that_cannot_be_understood_is_put_aside_and_the_others_are_read(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    write_json(tmp_path, "ekc-1.1", wrong=wrong)
    write_json(tmp_path, "ekc-1.2")
    spool = SpoolFolder(tmp_path)
    assert [call.call for call in spool.read(LATE)] == ["ekc-1.2"]
    assert (tmp_path / "ekc-1.1.json.broken").exists()
    assert (spool.broken, len(spool)) == (1, 1)


def test_a_note_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / f"{CALL}.begun"
    file.write_text(f"call={CALL}\ndid=8800")
    os.utime(file, (NOON.timestamp(), NOON.timestamp()))
    spool = SpoolFolder(tmp_path)
    assert spool.read(NOON + timedelta(seconds=1)) == []
    assert file.exists()
    assert spool.read(NOON + timedelta(seconds=6)) == []
    assert (file.exists(), spool.broken) == (False, 1)


def test_a_long_spool_is_read_in_steps_with_ends_first(tmp_path: Path) -> None:
    for n in range(CALLS_AT_ONCE):
        write_begun(tmp_path, f"ekc-1.{n:04}")
    write_json(tmp_path, "ekc-9.1")
    found = SpoolFolder(tmp_path).read(LATE)
    assert (len(found), found[0].call) == (CALLS_AT_ONCE, "ekc-9.1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["json", "begun"]))
def test_no_content_is_an_error_or_met_twice(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"{CALL}.{ending}").write_bytes(content)
    spool = SpoolFolder(tmp_path)
    assert spool.read(LATE) == []
    assert (spool.broken, len(spool)) == (1, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_note_torn_anywhere_is_understood_as_it_was_or_not_at_all(
    tmp_path: Path, data: st.DataObject
) -> None:
    file = write_json(tmp_path, CALL)
    whole = file.read_bytes()
    spool = SpoolFolder(tmp_path)
    (expected,) = spool.read(LATE)
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert spool.read(LATE) in ([], [expected])
