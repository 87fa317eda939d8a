"""One caller in one script: each kind of node by example; `test_any_script.py` has any script."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.interpreter import EndlessScriptError, Visit
from ekc_telephony.core.ivr.script import (
    Callback,
    Enqueue,
    Goodbye,
    Hours,
    KnownNumber,
    Message,
    Node,
    Script,
)
from ekc_telephony.core.ivr.visit_effects import (
    Join,
    PromiseCallback,
    Say,
    StopSaying,
    TakeLeave,
    TakeMessage,
    VisitEffect,
)
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, QueueId, ScriptId
from tests.core.ivr.any_script import NOON, SCHEDULES
from tests.core.ivr.nodes import after, menu, play, prompts

TO_QUEUE: Final = Enqueue(queue=QueueId("first"), answers_at_once=True)
JOINED: Final = Join(TO_QUEUE)
CALL: Final = CallId("1")
BYE: Final = Goodbye(prompts=(PromptKey("after-hours"),), outcome=CallOutcome.INFORMED_AFTER_HOURS)
SAID_GOODBYE: Final = TakeLeave((PromptKey("after-hours"),), CallOutcome.INFORMED_AFTER_HOURS)


def say(*keys: str) -> Say:
    return Say(prompts(*keys))


def visit(*, has_number: bool = False, **nodes: Node) -> Visit:
    """Return a visit to a script that begins at the first node named and may end at `end`."""
    graph: dict[str, Node] = {**nodes, "end": TO_QUEUE}
    script = Script(
        script=ScriptId("test"),
        entry=NodeId(next(iter(graph))),
        nodes={NodeId(name): node for name, node in graph.items()},
    )
    number = "+79131234567" if has_number else None
    return Visit(script, SCHEDULES, call=CALL, number=number)


# --- the caller's number

CALLED_BACK = Callback(prompts=(PromptKey("promised"),), without_number=NodeId("end"))


@pytest.mark.parametrize("has_number", [True, False])
def test_the_way_divides_by_whether_we_know_his_number(*, has_number: bool) -> None:
    ways = KnownNumber(known=NodeId("yes"), unknown=NodeId("no"))
    caller = visit(
        has_number=has_number, ways=ways, yes=play("end", "known"), no=play("end", "unknown")
    )
    assert caller.start(NOON) == [say("known" if has_number else "unknown")]


def test_a_callback_ends_the_visit() -> None:
    assert visit(has_number=True, back=CALLED_BACK).start(NOON) == [
        PromiseCallback((PromptKey("promised"),))
    ]


def test_nobody_is_promised_a_callback_whose_number_we_do_not_know() -> None:
    assert visit(back=CALLED_BACK).start(NOON) == [JOINED]


# --- play


def test_play_is_heard_and_leads_on() -> None:
    caller = visit(hello=play("end", "greeting"))
    assert caller.start(NOON) == [say("greeting")]
    assert caller.on_heard(after(3)) == [JOINED]
    assert caller.node == "end"


def test_play_with_nothing_to_play_leads_on_at_once() -> None:
    assert visit(hello=play("end")).start(NOON) == [JOINED]


def test_a_key_cuts_play_short() -> None:
    caller = visit(hello=play("more", "greeting"), more=play("end", "notice"))
    caller.start(NOON)
    assert caller.on_key("7", after(1)) == [StopSaying(), say("notice")]


def test_a_key_during_play_counts_for_the_menu_that_comes_next() -> None:
    caller = visit(hello=play("ask", "greeting"), ask=menu("choose", key_1="end"))
    caller.start(NOON)
    assert caller.on_key("1", after(1)) == [StopSaying(), JOINED]


def test_a_key_during_play_that_the_menu_does_not_know_only_skips() -> None:
    caller = visit(hello=play("ask", "greeting"), ask=menu("choose", key_1="end"))
    caller.start(NOON)
    assert caller.on_key("7", after(1)) == [StopSaying(), say("choose")]
    assert caller.on_key("7", after(2)) == [StopSaying(), say("wrong", "choose")]


# --- menu


def test_a_key_chooses_and_cuts_the_menu_short() -> None:
    caller = visit(ask=menu("choose", key_1="end"))
    caller.start(NOON)
    assert caller.on_key("1", after(1)) == [StopSaying(), JOINED]


def test_a_key_after_the_prompts_has_nothing_to_silence() -> None:
    caller = visit(ask=menu("choose", key_1="end"))
    caller.start(NOON)
    assert caller.on_heard(after(4)) == []
    assert caller.on_key("1", after(5)) == [JOINED]
    assert caller.next_deadline() is None


def test_silence_counts_from_the_end_of_the_prompts() -> None:
    caller = visit(ask=menu("choose"))
    caller.start(NOON)
    assert caller.next_deadline() is None
    caller.on_heard(after(4))
    assert caller.next_deadline() == after(9)
    assert caller.on_time(after(8.9)) == []
    assert caller.on_time(after(9)) == [say("silent", "choose")]
    assert caller.next_deadline() is None


def test_wrong_keys_and_silence_are_counted_together() -> None:
    caller = visit(ask=menu("choose", retries=1))
    caller.start(NOON)
    assert caller.on_key("7", after(1)) == [StopSaying(), say("wrong", "choose")]
    caller.on_heard(after(5))
    assert caller.on_time(after(10)) == [JOINED]


def test_without_retries_the_first_failure_exhausts() -> None:
    caller = visit(ask=menu("choose", retries=0))
    caller.start(NOON)
    assert caller.on_key("7", after(1)) == [StopSaying(), JOINED]


def test_a_choice_that_leads_to_its_own_menu_repeats_it_and_forgives() -> None:
    caller = visit(ask=menu("choose", key_9="ask", retries=1))
    caller.start(NOON)
    caller.on_key("7", after(1))
    assert caller.on_key("9", after(2)) == [StopSaying(), say("choose")]
    assert caller.on_key("7", after(3)) == [StopSaying(), say("wrong", "choose")]


def test_every_menu_counts_its_own_failures() -> None:
    caller = visit(ask=menu("choose", key_1="more"), more=menu("details"))
    caller.start(NOON)
    caller.on_key("7", after(1))
    caller.on_key("1", after(2))
    assert caller.on_key("7", after(3)) == [StopSaying(), say("wrong", "details")]


def test_a_menu_that_says_nothing_waits_at_once() -> None:
    caller = visit(ask=menu(key_1="end"))
    assert caller.start(NOON) == []
    assert caller.next_deadline() == after(5)


# --- hours, and the ways out


def test_hours_branch_by_the_schedule() -> None:
    hours = Hours(schedule="day", open=NodeId("end"), closed=NodeId("bye"))
    assert visit(hours=hours, bye=BYE).start(NOON) == [JOINED]
    assert visit(hours=hours, bye=BYE).start(NOON + timedelta(hours=8)) == [SAID_GOODBYE]


def test_who_leaves_no_message_goes_on_in_the_script() -> None:
    ask = Message(prompts=prompts("leave-it"), otherwise=NodeId("hello"))
    caller = visit(ask=ask, hello=play("end", "hello"))
    assert caller.start(NOON) == [TakeMessage(prompts("leave-it"))]
    assert caller.on_key("1", NOON) == []
    assert caller.on_no_message(after(9)) == [say("hello")]
    assert caller.on_no_message(after(9)) == []


@pytest.mark.parametrize(("way_out", "left"), [(TO_QUEUE, JOINED), (BYE, SAID_GOODBYE)])
def test_a_visit_that_is_over_asks_for_nothing(way_out: Node, left: VisitEffect) -> None:
    caller = visit(out=way_out)
    assert caller.start(NOON) == [left]
    assert caller.on_key("1", after(1)) == []
    assert caller.on_heard(after(1)) == []
    assert caller.on_time(after(100)) == []
    assert caller.next_deadline() is None


def test_a_script_that_walks_in_a_circle_is_a_bug_that_shows() -> None:
    with pytest.raises(EndlessScriptError, match="test: no node waits"):
        visit(a=play("b"), b=play("a")).start(NOON)
