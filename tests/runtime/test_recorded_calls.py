"""A call that is read from the journal goes, in its own version, where it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.call.events import CommandFailed, ControlRegained, Event
from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.engine.state import Changes
from ekc_telephony.core.ivr.retelling.comparison import Change, retell
from ekc_telephony.core.ivr.retelling.recorded import (
    Exit,
    ExitKind,
    HungUp,
    Looked,
    Lost,
    Pressed,
    RecordedCall,
    Silent,
    Skipped,
    Stay,
)
from ekc_telephony.core.ivr.retelling.walk import Unknown
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import NodeId
from ekc_telephony.runtime.journal_codec import Opening, Step
from ekc_telephony.runtime.recorded_calls import CallReader
from tests.core.ivr.any_caller import RESULTS as ANY_RESULT
from tests.core.ivr.any_script import KEY, scripts
from tests.core.office import LOOKUP_SCRIPT, MAIN_SCRIPT, seconds
from tests.runtime.told_calls import CALL, RESULTS, TalkedTo, WorkedBy, calls_in, length_of

_FIRST: Final = Exit(ExitKind.QUEUE, "first")


def test_keys_stand_where_they_were_asked_for_with_the_time_he_thought() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(2))  # the greeting
    caller.wait(seconds(3))  # the menu, and a second of silence
    caller.press("1")
    caller.wait(seconds(60))
    call = caller.told()
    assert call.exit == _FIRST
    pressed = Pressed(key="1", waited=seconds(1), over_words=False)
    assert Stay(node=NodeId("menu"), acts=(pressed,)) in call.stays


def test_a_key_during_the_greeting_skips_it_and_answers_the_menu() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(1))
    caller.press("1")
    greeted, asked, *_ = caller.told().stays
    assert greeted.acts == (Skipped(after=seconds(1)),)
    pressed = Pressed(key="1", waited=timedelta(), over_words=True)
    assert asked == Stay(node=NodeId("menu"), acts=(pressed,))


def test_silence_and_a_hangup_are_told() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(4 + 5 + 1))
    call = caller.told()
    silent, hung_up = call.stays[-1].acts
    assert silent == Silent(waited=seconds(5))
    assert hung_up == HungUp(waited=seconds(1), over_words=True)
    assert call.exit == Exit(ExitKind.HANGUP, "menu")
    assert call.hung_up_after == seconds(10)


def test_what_an_information_system_answered_is_told_with_its_time() -> None:
    caller = TalkedTo(LOOKUP_SCRIPT)
    caller.wait(seconds(1))
    caller.answer(RESULTS[0])
    (looked,) = caller.told().lookups
    assert looked.took == seconds(1)
    assert (looked.service, looked.result) == ("citizens", RESULTS[0])
    assert isinstance(looked, Looked)
    assert "7916" not in repr(looked)


def test_a_system_that_could_not_be_asked_has_failed_at_once() -> None:
    caller = TalkedTo(LOOKUP_SCRIPT)
    caller.wait(seconds(1))
    asked = caller.asked.pop()
    caller.tell(CommandFailed(command=asked, is_gone=False, detail="no route"))
    caller.wait(seconds(30))
    call = caller.told()
    (looked,) = call.lookups
    assert looked.result == LookupResult.failed(LookupFailure.UNREACHABLE)
    retold = retell(call, LOOKUP_SCRIPT, clocks=call.clocks, lengths=length_of)
    assert not retold.changes, retold.detail


def test_a_call_that_began_before_the_journal_is_left_out() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(3))
    state = caller.state
    later = TalkedTo(MAIN_SCRIPT)
    opening = later.records[0]
    assert isinstance(opening, Opening)
    caller.hang_up()
    records = [replace(opening, state=state), caller.records[-1]]
    assert calls_in(records, MAIN_SCRIPT) == []


_DEEDS: Final = st.lists(
    st.one_of(
        KEY.map(lambda key: ("press", key)),
        st.sampled_from([0.5, 1.0, 3.0, 7.0, 30.0]).map(lambda time: ("wait", time)),
        ANY_RESULT.map(lambda result: ("answer", result)),
    ),
    max_size=14,
)


def _lives(caller: TalkedTo, deeds: list[tuple[str, object]]) -> RecordedCall:
    for deed, what in deeds:
        if caller.is_over:
            break
        match deed, what:
            case "press", str(key):
                caller.press(key)
            case "wait", float(time):
                caller.wait(seconds(time))
            case _, result:
                caller.answer(result)  # type: ignore[arg-type]  # what was drawn
    return caller.told()


@settings(max_examples=300, deadline=None)
@given(script=scripts(), deeds=_DEEDS, has_number=st.booleans())
def test_replaying_any_call_against_its_own_version_changes_nothing(
    script: Script, deeds: list[tuple[str, object]], *, has_number: bool
) -> None:
    caller = TalkedTo(script, number="+79161234567" if has_number else None)
    call = _lives(caller, deeds)
    retold = retell(call, script, clocks=call.clocks, lengths=length_of)
    assert retold.is_evidence, retold.detail
    assert not retold.changes


@settings(max_examples=300, deadline=None)
@given(script=scripts(), other=scripts(), deeds=_DEEDS)
def test_replaying_any_call_against_any_version_comes_to_an_end_or_says_why_not(
    script: Script, other: Script, deeds: list[tuple[str, object]]
) -> None:
    call = _lives(TalkedTo(script), deeds)
    retold = retell(call, other, clocks=call.clocks, lengths=length_of)
    is_unknown = Change.UNKNOWN in retold.changes
    assert is_unknown is isinstance(retold.new.end, Unknown)
    assert is_unknown <= bool(retold.detail)


def test_a_call_that_the_next_opening_does_not_know_is_not_told() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(3))
    reader, worked_by = CallReader(), WorkedBy(MAIN_SCRIPT)
    assert list(reader.read(caller.records, worked_by)) == []
    (call,) = reader.read(TalkedTo(MAIN_SCRIPT).records[:1], worked_by)
    assert call.exit is Lost.UNWRITTEN


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (ControlRegained(legs=(), bridges=frozenset()), Lost.OUT_OF_SIGHT),
        (None, Lost.BUG),
    ],
)
def test_a_call_that_is_torn_away_says_by_what(last: Event | None, reason: Lost) -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(3))
    over = Changes(over=(CALL,))
    step = Step(at=caller.now, event=last, effects=(), changes=over, is_broken=last is None)
    (call,) = calls_in([*caller.records, step], MAIN_SCRIPT)
    assert call.exit is reason
    retold = retell(call, MAIN_SCRIPT, clocks=call.clocks, lengths=length_of)
    assert retold.changes == {Change.UNTOLD}
    assert retold.detail == reason.value


def test_a_call_of_which_a_file_is_missing_is_not_told() -> None:
    caller = TalkedTo(MAIN_SCRIPT)
    begun = caller.records[:]
    caller.wait(seconds(3))
    opening = caller.records[0]
    assert isinstance(opening, Opening)
    later = replace(opening, state=caller.state)
    written = len(caller.records)
    caller.hang_up()
    reader, worked_by = CallReader(), WorkedBy(MAIN_SCRIPT)
    assert list(reader.read(begun, worked_by)) == []
    (call,) = reader.read([later, *caller.records[written:]], worked_by)
    assert call.exit is Lost.UNWRITTEN
