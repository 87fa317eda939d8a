"""Rehearsals: what is heard, asked and walked, by example; then any script under any behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.lookup import (
    NOT_FOUND,
    Answer,
    LookupFailure,
    LookupOutcome,
    LookupResult,
)
from ekc_telephony.core.ivr.expressions import Known
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.rehearsal import Awaits, NotNowError, Rehearsal
from ekc_telephony.core.ivr.rehearsal_log import (
    Asked,
    Ended,
    EndKind,
    Heard,
    LanguageSet,
    Pressed,
    Proved,
    Rated,
    Returned,
    Silenced,
    Surveyed,
    Told,
    Waited,
)
from ekc_telephony.core.ivr.rehearsed import Rehearsed
from ekc_telephony.core.ivr.script import (
    Callback,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    Identification,
    KnownNumber,
    Limit,
    Lookup,
    Message,
    Node,
    Play,
    Question,
    Script,
    SetLanguage,
    Transfer,
    Wanted,
)
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.trail import reachable, walkable
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.ivr.ways import Why, ways_of
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ScriptId, ServiceId
from tests.core.ivr import nodes
from tests.core.ivr.any_caller import RESULTS
from tests.core.ivr.any_script import KEY, NOON, SCHEDULES, SERVICE, scripts
from tests.core.ivr.nodes import play, prompts

NUMBER: Final = "+79131234567"
PROMPT_LENGTH: Final = timedelta(seconds=3)
FIRST: Final = Enqueue(queue=QueueId("first"), answers_at_once=True)
BYE: Final = Goodbye(prompts=(PromptKey("bye"),), outcome=CallOutcome.SELF_SERVED)
FOUND: Final = LookupResult.found(Answer.of({"status": "готово", "count": 2}))
FAILED: Final = LookupResult.failed(LookupFailure.UNREACHABLE)
LATE: Final = LookupResult.failed(LookupFailure.TIMEOUT)


menu: Final = partial(nodes.menu, exhausted="first")


def script_of(nodes: Mapping[str, Node]) -> Script:
    graph: dict[str, Node] = {**nodes, "first": FIRST, "bye": BYE}
    return Script(
        script=ScriptId("test"),
        entry=NodeId(next(iter(graph))),
        nodes={NodeId(name): node for name, node in graph.items()},
        variables={
            "case": Variable(kind=VariableKind.TEXT, is_personal=True),
            "status": Variable(kind=VariableKind.TEXT),
        },
        languages=("ru", "en"),
    )


def rehearsal(
    number: str | None = NUMBER,
    lookups: Mapping[ServiceId, Rehearsed] | None = None,
    /,
    **nodes: Node,
) -> Rehearsal:
    """Return a call to a script that begins at the first node named."""
    return Rehearsal(
        script_of(nodes),
        schedules=SCHEDULES,
        number=number,
        did="88001000001",
        at=NOON,
        lookups=lookups or {},
        lengths=lambda _key, _language: PROMPT_LENGTH,
    )


def heard(call: Rehearsal) -> list[tuple[PromptKey, ...]]:
    return [step.prompts for step in call.log if isinstance(step, Heard)]


def ways(call: Rehearsal) -> list[tuple[str, Why, str, str]]:
    return [(each.source, each.way.why, each.way.label, each.way.to) for each in call.ways]


GREETED: Final[Mapping[str, Node]] = {
    "hello": play("ask", "greeting"),
    "ask": menu("choose", key_1="first", key_2="first", key_9="ask"),
}


# --- the caller


def test_prompts_are_heard_one_after_another_and_take_their_time() -> None:
    call = rehearsal(**GREETED)
    call.listen()
    call.listen()
    assert heard(call) == [prompts("greeting"), prompts("choose")]
    assert call.now == NOON + 2 * PROMPT_LENGTH
    assert call.awaits is Awaits.KEY


def test_listening_on_ends_where_a_key_is_waited_for() -> None:
    call = rehearsal(**GREETED)
    assert call.listen_on()
    assert (call.node, call.awaits, call.is_asked) == ("ask", Awaits.KEY, True)


def test_a_key_cuts_short_what_is_said() -> None:
    call = rehearsal(**GREETED)
    call.press("7")
    assert call.log[1:3] == [
        Pressed(at=NOON, node=NodeId("hello"), key="7", is_personal=False),
        Silenced(at=NOON),
    ]
    assert heard(call) == [prompts("greeting"), prompts("choose")]


def test_a_key_chooses_and_the_caller_is_in_the_queue() -> None:
    call = rehearsal(**GREETED)
    call.listen_on()
    call.press("1")
    assert call.ended == Ended(
        at=call.now, node=NodeId("first"), kind=EndKind.QUEUE, detail="first", outcome=None
    )
    assert call.awaits is Awaits.NOTHING


def test_silence_lasts_until_the_patience_is_over() -> None:
    call = rehearsal(**GREETED)
    call.wait()
    assert call.now == NOON + 2 * PROMPT_LENGTH + timedelta(seconds=5)
    assert heard(call)[-1] == prompts("silent", "choose")
    assert any(isinstance(step, Waited) for step in call.log)
    call.wait()
    assert call.node == "first"


def test_two_keys_to_one_node_are_two_ways() -> None:
    for key in "12":
        call = rehearsal(**GREETED)
        call.listen_on()
        call.press(key)
        assert ways(call) == [
            ("hello", Why.ONWARD, "", "ask"),
            ("ask", Why.KEY, key, "first"),
        ]


def test_wrong_keys_lead_the_way_of_failure_though_it_ends_where_a_key_leads() -> None:
    call = rehearsal(**GREETED)
    for key in "777":
        call.listen_on()
        if call.ended is None:
            call.press(key)
    assert ways(call)[-1] == ("ask", Why.FAILED, "", "first")


def test_a_key_during_the_greeting_counts_for_the_menu() -> None:
    call = rehearsal(**GREETED)
    call.press("2")
    assert ways(call)[-1] == ("ask", Why.KEY, "2", "first")


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(1, CallOutcome.SHORT), (2, CallOutcome.ABANDONED_IN_MENU)]
)
def test_who_hangs_up_in_the_menu_has_abandoned_it_unless_at_once(
    seconds: int, outcome: CallOutcome
) -> None:
    call = rehearsal(**GREETED)
    for _ in range(seconds):
        call.listen()
    call.hang_up()
    assert call.ended is not None
    assert (call.ended.kind, call.ended.outcome) == (EndKind.HANGUP, outcome)


def test_after_the_end_nothing_can_be_pressed_and_nobody_hangs_up() -> None:
    call = rehearsal(bye=BYE)
    with pytest.raises(NotNowError, match="he left: goodbye"):
        call.press("1")
    with pytest.raises(NotNowError):
        call.hang_up()
    with pytest.raises(NotNowError):
        call.listen()


def test_where_nothing_is_said_nobody_listens() -> None:
    call = rehearsal(**GREETED)
    call.listen_on()
    with pytest.raises(NotNowError, match="press a key"):
        call.listen()


def test_a_script_that_talks_in_a_circle_is_not_listened_to_for_ever() -> None:
    call = rehearsal(a=play("b", "a"), b=play("a", "b"))
    assert not call.listen_on()
    with pytest.raises(NotNowError, match="goes on talking"):
        call.wait()


# --- what is typed


COLLECT: Final = Collect(
    prompts=prompts("type"),
    into="case",
    format=Format(kind=FormatKind.DIGITS, min_length=2, max_length=4),
    timeout=timedelta(seconds=5),
    retries=0,
    invalid_prompts=(),
    timeout_prompts=(),
    next=NodeId("first"),
    exhausted=NodeId("first"),
)


@pytest.mark.parametrize(
    ("keys", "why"),
    [("12#", Why.ONWARD), ("12t", Why.ONWARD), ("1#", Why.FAILED), ("t", Why.FAILED)],
)
def test_typed_digits_lead_on_when_they_are_right(keys: str, why: Why) -> None:
    call = rehearsal(typed=COLLECT)
    for key in keys:
        call.wait() if key == "t" else call.press(key)
    assert ways(call) == [("typed", why, "", "first")]


def test_digits_typed_into_a_personal_variable_are_marked() -> None:
    call = rehearsal(typed=COLLECT)
    call.press("1")
    assert [step.is_personal for step in call.log if isinstance(step, Pressed)] == [True]


def test_prompts_that_tell_a_personal_variable_are_marked() -> None:
    said = (PromptKey("your-case"), Insert(value=Known("case"), form=Form.DIGITS))
    call = rehearsal(
        typed=replace(COLLECT, prompts=(), next=NodeId("told")),
        told=Play(prompts=said, next=NodeId("bye")),
    )
    for key in "07#":
        call.press(key)
    step = next(step for step in call.log if isinstance(step, Heard))
    assert step.prompts == prompts("your-case", "key-0", "key-7")
    assert step.personal == {1, 2}


# --- information systems


def lookup(*, said: tuple[PromptKey, ...] = (), proves: Identification | None = None) -> Lookup:
    return Lookup(
        service=SERVICE,
        fields={"number": Known("caller.number"), "case": Known("case"), "on": Known("dialled")},
        into={"status": Wanted(path=("status",), kind=VariableKind.TEXT)},
        prompts=said,
        patience=timedelta(seconds=4),
        next=NodeId("bye"),
        not_found=NodeId("bye"),
        fallback=NodeId("bye"),
        identifies=proves,
    )


@pytest.mark.parametrize(
    ("answer", "way", "seconds"),
    [(FOUND, "found", 1), (NOT_FOUND, "not_found", 1), (FAILED, "failed", 1), (LATE, "failed", 4)],
)
def test_a_system_answers_what_was_rehearsed(answer: LookupResult, way: str, seconds: int) -> None:
    call = rehearsal(NUMBER, {SERVICE: Rehearsed(answers=[answer])}, asks=lookup())
    call.listen()
    assert ways(call) == [("asks", Why.WORLD, way, "bye")]
    assert [step for step in call.log if isinstance(step, Asked | Told)] == [
        Asked(
            at=NOON,
            node=NodeId("asks"),
            service=SERVICE,
            fields={"number": NUMBER, "on": "88001000001"},
            personal=frozenset({"number", "case"}),
        ),
        Told(
            at=NOON + timedelta(seconds=seconds),
            service=SERVICE,
            outcome=answer.outcome,
            is_rehearsed=True,
        ),
    ]


def test_what_is_said_meanwhile_is_cut_short_by_the_answer() -> None:
    call = rehearsal(
        NUMBER, {SERVICE: Rehearsed(always=FOUND)}, asks=lookup(said=prompts("one-moment"))
    )
    call.listen()
    assert Silenced(at=NOON + timedelta(seconds=1)) in call.log
    assert call.known["status"] == "готово"


def test_a_lookup_that_nobody_rehearsed_fails_and_says_so() -> None:
    call = rehearsal(asks=lookup())
    call.listen()
    told = next(step for step in call.log if isinstance(step, Told))
    assert (told.outcome, told.is_rehearsed) == (LookupOutcome.FAILED, False)


def test_answers_are_given_one_after_another() -> None:
    one = Rehearsed(answers=[FOUND, NOT_FOUND])
    assert [one.answer(count) for count in range(3)] == [FOUND, NOT_FOUND, None]


def test_identification_is_noted() -> None:
    asks = lookup(proves=Identification.SNILS)
    call = rehearsal(NUMBER, {SERVICE: Rehearsed(always=FOUND)}, asks=asks)
    call.listen()
    assert Proved(at=call.log[-3].at, method=Identification.SNILS) in call.log


# --- ways out, and back


RATE: Final = Question(
    question="rating",
    prompts=prompts("rate-us"),
    answers={"5": "5"},
    timeout=timedelta(seconds=5),
    retries=0,
    invalid_prompts=(),
    timeout_prompts=(),
    next=NodeId("bye"),
    is_rating=True,
)


def test_a_caller_rates_after_his_agent_has_hung_up() -> None:
    waiting = Enqueue(queue=QueueId("pensions"), answers_at_once=True, after=NodeId("rate"))
    call = rehearsal(waiting=waiting, rate=RATE)
    assert call.awaits is Awaits.AGENT
    call.agent_hangs_up()
    call.press("5")
    assert Rated(at=NOON, question="rating", answer="5") in call.log
    assert Returned(at=NOON, node=NodeId("waiting")) in call.log
    assert call.ended is not None
    assert (call.ended.kind, call.ended.outcome) == (EndKind.GOODBYE, CallOutcome.ANSWERED)
    assert ways(call) == [
        ("waiting", Why.AFTER_TALK, "", "rate"),
        ("rate", Why.KEY, "5", "bye"),
    ]


def test_a_question_that_is_no_rating_is_of_a_survey() -> None:
    asked = replace(RATE, question="found-it", answers={"1": "yes"}, is_rating=False)
    call = rehearsal(asked=asked)
    call.press("1")
    assert Surveyed(at=NOON, question="found-it", answer="yes") in call.log


def test_who_hangs_up_in_the_queue_has_abandoned_it() -> None:
    call = rehearsal(hello=play("first", "a", "b"))
    call.listen()
    call.hang_up()
    assert call.ended is not None
    assert call.ended.outcome is CallOutcome.ABANDONED_IN_QUEUE


def test_nobody_answers_outside() -> None:
    call = rehearsal(out=Transfer(number="112", otherwise=NodeId("bye")))
    assert call.ended is not None
    assert (call.ended.kind, call.ended.detail) == (EndKind.TRANSFER, "112")
    call.nobody_answers_outside()
    assert ways(call) == [("out", Why.UNAVAILABLE, "", "bye")]


@pytest.mark.parametrize(("number", "kind"), [(NUMBER, EndKind.CALLBACK), (None, EndKind.GOODBYE)])
def test_who_leaves_no_message_is_called_back_if_we_can(number: str | None, kind: EndKind) -> None:
    call = rehearsal(number, message=Message(prompts=prompts("speak"), otherwise=NodeId("bye")))
    assert call.awaits is Awaits.MESSAGE
    assert call.now == NOON + PROMPT_LENGTH
    call.leaves_no_message()
    assert call.ended is not None
    assert call.ended.kind is kind


def test_who_hangs_up_after_his_message_has_left_it() -> None:
    call = rehearsal(message=Message(prompts=prompts("speak"), otherwise=NodeId("bye")))
    call.hang_up()
    assert call.ended is not None
    assert call.ended.outcome is CallOutcome.MESSAGE_LEFT


def test_a_callback_is_promised_to_whom_we_know() -> None:
    back = Callback(prompts=prompts("promised"), without_number=NodeId("bye"))
    call = rehearsal(back=back)
    assert call.ended is not None
    assert call.ended.outcome is CallOutcome.CALLBACK_PROMISED


def test_the_world_does_nothing_that_nobody_waits_for() -> None:
    call = rehearsal(**GREETED)
    for happens in (call.agent_hangs_up, call.nobody_answers_outside, call.leaves_no_message):
        with pytest.raises(NotNowError, match="still at hello"):
            happens()


def test_another_language_is_noted_and_heard() -> None:
    call = rehearsal(
        switch=SetLanguage(language="en", next=NodeId("hello")), hello=play("bye", "greeting")
    )
    assert LanguageSet(at=NOON, language="en") in call.log
    assert [step.language for step in call.log if isinstance(step, Heard)] == ["en"]


# --- the ways that callers can walk


def test_the_hour_tells_the_way_though_both_lead_to_one_node() -> None:
    call = rehearsal(hours=Hours(schedule="day", open=NodeId("bye"), closed=NodeId("bye")))
    assert ways(call) == [("hours", Why.WORLD, "open", "bye")]


def test_a_limit_lets_pass_so_often_and_then_leads_elsewhere() -> None:
    call = rehearsal(
        limit=Limit(times=1, next=NodeId("ask"), exhausted=NodeId("bye")),
        ask=menu("choose", key_1="limit"),
    )
    call.press("1")
    assert ways(call) == [
        ("limit", Why.ONWARD, "", "ask"),
        ("ask", Why.KEY, "1", "limit"),
        ("limit", Why.SPENT, "", "bye"),
    ]


def test_a_callback_without_a_number_is_no_way_where_only_known_callers_come() -> None:
    back = Callback(prompts=(), without_number=NodeId("bye"))
    asked = script_of(
        {
            "who": KnownNumber(known=NodeId("back"), unknown=NodeId("bye")),
            "back": back,
        }
    )
    assert {(each.source, each.way.label) for each in walkable(asked)} == {
        ("who", "known"),
        ("who", "unknown"),
    }
    unasked = script_of({"back": back})
    assert [each.source for each in walkable(unasked)] == ["back"]


def test_a_limit_that_nobody_comes_back_to_is_never_spent() -> None:
    limit = Limit(times=1, next=NodeId("bye"), exhausted=NodeId("first"))
    assert [each.way.why for each in walkable(script_of({"limit": limit}))] == [Why.ONWARD]


def test_nodes_that_nobody_comes_to_are_not_reachable() -> None:
    assert reachable(script_of({"hello": play("bye", "a")})) == {"hello", "bye"}


# --- any script

DEEDS: Final = KEY | st.sampled_from(["listen", "on", "wait", "agent", "outside", "message"])


def take_part(call: Rehearsal, deed: str) -> None:
    match deed:
        case "listen":
            call.listen()
        case "on":
            call.listen_on()
        case "wait":
            call.wait()
        case "agent":
            call.agent_hangs_up()
        case "outside":
            call.nobody_answers_outside()
        case "message":
            call.leaves_no_message()
        case key:
            call.press(key)


@given(
    scripts(),
    st.sampled_from([NUMBER, None]),
    st.lists(RESULTS, max_size=4),
    st.lists(DEEDS, max_size=20),
)
def test_any_rehearsal_ends_or_waits_and_walks_only_ways_of_the_script(
    script: Script, number: str | None, answers: list[LookupResult], deeds: list[str]
) -> None:
    call = Rehearsal(
        script,
        schedules=SCHEDULES,
        number=number,
        did="88001000001",
        at=NOON,
        lookups={SERVICE: Rehearsed(answers=answers)},
        lengths=lambda _key, _language: PROMPT_LENGTH,
    )
    for deed in deeds:
        before = len(call.log)
        try:
            take_part(call, deed)
        except NotNowError:
            assert deed == "wait" or len(call.log) == before
    assert (call.ended is None) is (call.awaits in {Awaits.LISTENER, Awaits.KEY})
    if call.awaits is Awaits.KEY:
        assert call.is_asked
    assert all(one.at <= other.at for one, other in pairwise(call.log))
    walk = set(walkable(script))
    for each in call.ways:
        assert each.way in set(ways_of(script.nodes[each.source]))
        assert each in walk
    assert [each.way.to for each in call.ways] == list(call.nodes[1:])
    assert set(call.nodes) <= reachable(script)
