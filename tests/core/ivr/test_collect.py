"""Digits that a caller types: what he can press, how long it lasts, and that it always ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.formats import DateSide, Format, FormatKind, longest
from ekc_telephony.core.ivr.hours import CallZones
from ekc_telephony.core.ivr.interpreter import MOST_DELETIONS, Visit
from ekc_telephony.core.ivr.script import Collect, Enqueue, Node, Play, Script
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.ivr.visit_effects import Join, Say, StopSaying
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, QueueId, ScriptId
from tests.core.ivr.any_script import FORMATS, KEYS, NOON
from tests.core.ivr.nodes import after

TIMEOUT: Final = timedelta(seconds=5)
MANY: Final = 500
CASE: Final = Format(kind=FormatKind.DIGITS, min_length=2, max_length=4)


def words(*keys: str) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(key) for key in keys)


def collect(asked: Format = CASE, *, retries: int = 1) -> Collect:
    return Collect(
        prompts=words("type-it"),
        into="typed",
        format=asked,
        timeout=TIMEOUT,
        retries=retries,
        invalid_prompts=words("wrong"),
        timeout_prompts=words("silent"),
        next=NodeId("thanks"),
        exhausted=NodeId("end"),
    )


def visit(
    node: Collect, *, kind: VariableKind = VariableKind.TEXT, zones: CallZones | None = None
) -> Visit:
    nodes: dict[NodeId, Node] = {
        NodeId("ask"): node,
        NodeId("thanks"): Play(prompts=words("thanks"), next=NodeId("end")),
        NodeId("end"): Enqueue(queue=QueueId("first"), answers_at_once=True),
    }
    script = Script(
        script=ScriptId("test"),
        entry=NodeId("ask"),
        nodes=nodes,
        variables={"typed": Variable(kind=kind)},
    )
    caller = Visit(script, {}, call=CallId("1"), zones=zones or CallZones())
    caller.start(NOON)
    return caller


def asked_after_prompts(node: Collect) -> Visit:
    caller = visit(node)
    caller.on_heard(NOON)
    return caller


# --- typing


def test_the_first_digit_cuts_the_prompts_short_and_the_last_one_ends_it() -> None:
    caller = visit(collect())
    assert caller.on_key("1", after(1)) == [StopSaying()]
    assert caller.on_key("2", after(2)) == []
    assert caller.on_key("3", after(3)) == []
    assert caller.on_key("4", after(4)) == [Say(words("thanks"))]
    assert caller.known["typed"] == "1234"


@pytest.mark.parametrize("ends", ["#", None])
def test_the_number_sign_ends_it_and_so_does_a_pause(ends: str | None) -> None:
    caller = asked_after_prompts(collect())
    caller.on_key("1", after(1))
    caller.on_key("2", after(2))
    said = caller.on_time(after(7)) if ends is None else caller.on_key(ends, after(3))
    assert said == [Say(words("thanks"))]
    assert caller.known["typed"] == "12"


def test_what_is_too_short_is_asked_for_again_and_then_given_up() -> None:
    caller = asked_after_prompts(collect())
    caller.on_key("1", after(1))
    assert caller.on_key("#", after(2)) == [Say(words("wrong", "type-it"))]
    assert caller.on_key("1", after(3)) == [StopSaying()]
    assert isinstance(caller.on_time(after(8))[0], Join)
    assert "typed" not in caller.known


def test_silence_is_asked_again() -> None:
    caller = asked_after_prompts(collect())
    assert caller.on_time(after(5)) == [Say(words("silent", "type-it"))]


def test_a_digit_during_a_play_counts_and_a_sign_does_not() -> None:
    script = Script(
        script=ScriptId("test"),
        entry=NodeId("hello"),
        nodes={
            NodeId("hello"): Play(prompts=words("hello"), next=NodeId("ask")),
            NodeId("ask"): collect(),
            NodeId("thanks"): Play(prompts=words("thanks"), next=NodeId("end")),
            NodeId("end"): Enqueue(queue=QueueId("first"), answers_at_once=True),
        },
        variables={"typed": Variable(kind=VariableKind.TEXT)},
    )
    for key, said in (("1", [StopSaying()]), ("*", [StopSaying(), Say(words("type-it"))])):
        caller = Visit(script, {}, call=CallId("1"))
        caller.start(NOON)
        assert caller.on_key(key, after(1)) == said


# --- it always ends


@pytest.mark.parametrize("key", "ABCD")
def test_a_key_that_no_number_has_changes_nothing(key: str) -> None:
    caller = visit(collect())
    before = caller.whereabouts
    assert caller.on_key(key, after(1)) == []
    assert caller.whereabouts == before
    caller.on_heard(after(2))
    caller.on_key("1", after(3))
    assert caller.on_key(key, after(7)) == []
    assert caller.next_deadline() == after(8)


def test_a_star_deletes_and_gives_time_again_so_many_times() -> None:
    caller = asked_after_prompts(collect())
    for number in range(MOST_DELETIONS):
        caller.on_key("9", after(number))
        assert caller.on_key("*", after(number + 0.5)) == []
        assert caller.next_deadline() == after(number + 0.5) + TIMEOUT
    caller.on_key("1", after(10))
    caller.on_key("2", after(11))
    assert caller.on_key("#", after(12)) == [Say(words("thanks"))]
    assert caller.known["typed"] == "12"


def test_one_star_more_is_a_wrong_answer() -> None:
    caller = asked_after_prompts(collect())
    for number in range(MOST_DELETIONS):
        caller.on_key("*", after(number))
    assert caller.on_key("*", after(9)) == [Say(words("wrong", "type-it"))]
    caller.on_heard(after(10))
    for number in range(MOST_DELETIONS):
        assert caller.on_key("*", after(11 + number)) == []
    assert isinstance(caller.on_key("*", after(20))[0], Join)


def test_deletions_are_counted_across_a_restart() -> None:
    caller = asked_after_prompts(collect())
    for number in range(MOST_DELETIONS):
        caller.on_key("*", after(number))
    again = visit(collect())
    again.resume_at(caller.whereabouts)
    assert again.on_key("*", after(9)) == [Say(words("wrong", "type-it"))]


@given(FORMATS, st.integers(0, 2), st.lists(st.sampled_from(KEYS), min_size=1, max_size=5))
def test_whatever_is_pressed_for_ever_the_answer_ends(
    asked: tuple[Format, VariableKind], retries: int, pattern: list[str]
) -> None:
    """Keys come just before the time is up, and prompts are always heard to their end."""
    caller = visit(collect(asked[0], retries=retries), kind=asked[1])
    caller.on_heard(NOON)
    now, keys = NOON, longest(asked[0]) + 1
    most = TIMEOUT * (retries + 1) * keys * (MOST_DELETIONS + 1)
    for number in range(MANY):
        due = caller.next_deadline()
        assert due is not None
        now = max(now, due - timedelta(seconds=0.1))
        said = caller.on_key(pattern[number % len(pattern)], now)
        if caller.node != "ask":
            break
        if not said:
            now += timedelta(seconds=0.1)
            said = caller.on_time(now)
        if caller.node != "ask":
            break
        if said:
            caller.on_heard(now)
    assert caller.node != "ask"
    assert now - NOON <= most


# --- whose day it is

MOSCOW: Final = timezone(timedelta(hours=3))
KAMCHATKA: Final = timezone(timedelta(hours=12))
NEW_YEAR_FAR_EAST: Final = datetime(2026, 12, 31, 13, tzinfo=UTC)
"""In Kamchatka it is the first of January already."""


@pytest.mark.parametrize(
    ("zones", "is_today"),
    [
        (CallZones(), False),
        (CallZones(caller=KAMCHATKA), True),
        (CallZones(dialled=KAMCHATKA), True),
        (CallZones(caller=MOSCOW, dialled=KAMCHATKA), False),
    ],
)
def test_today_is_the_callers_day_as_far_as_his_clock_is_known(
    zones: CallZones, *, is_today: bool
) -> None:
    past = Format(kind=FormatKind.DATE, side=DateSide.PAST)
    caller = visit(collect(past), kind=VariableKind.DATE, zones=zones)
    for key in "01012027":
        caller.on_key(key, NEW_YEAR_FAR_EAST)
    assert caller.known.get("typed") == (date(2027, 1, 1) if is_today else None)
