"""What no file can say, since the loader refuses it, is refused by the proofs as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.expressions import Constant, Known
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.proofs.finding import Code, Severity
from ekc_telephony.core.ivr.proofs.program import LONGEST_VALUES, UNKNOWN_PROMPT, Limits
from ekc_telephony.core.ivr.proofs.prove import duration, prove
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ServiceId
from tests.core.ivr.proofs.callers import program_of, words

Q: Final = core.Enqueue(queue=QueueId("q"), answers_at_once=True)
BYE: Final = core.Goodbye(prompts=words(1), outcome=CallOutcome.SELF_SERVED)
CLOSED: Final = core.Goodbye(prompts=words(1), outcome=CallOutcome.INFORMED_AFTER_HOURS)
ASK: Final = core.Message(prompts=words(1), otherwise=NodeId("end"))


def play(following: str, *seconds: int) -> core.Play:
    return core.Play(prompts=words(*seconds), next=NodeId(following))


def menu(exhausted: str = "end", **choices: str) -> core.Menu:
    return core.Menu(
        prompts=words(4),
        choices={key.removeprefix("key_"): NodeId(node) for key, node in choices.items()},
        timeout=timedelta(seconds=5),
        retries=1,
        invalid_prompts=words(2),
        timeout_prompts=words(3),
        exhausted=NodeId(exhausted),
    )


def hours(is_open: str, closed: str, schedule: str = "day") -> core.Hours:
    return core.Hours(schedule=schedule, open=NodeId(is_open), closed=NodeId(closed))


SOUND: Final = menu(key_0="end")


def codes(nodes: Mapping[str, core.Node], **world: object) -> list[tuple[str, Code]]:
    verdict = prove(program_of({**nodes, "end": Q}, world=world))
    return [(each.node, each.code) for each in verdict.findings]


def test_a_small_menu_is_sound() -> None:
    assert codes({"ask": SOUND}) == []


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (replace(SOUND, timeout=timedelta()), Code.NO_TIMEOUT),
        (replace(SOUND, timeout=timedelta(seconds=61)), Code.NO_TIMEOUT),
        (replace(SOUND, retries=-1), Code.NO_RETRY_LIMIT),
        (replace(SOUND, prompts=()), Code.NOTHING_ASKED),
        (hours("end", "end", schedule="unheard-of"), Code.UNKNOWN_SCHEDULE),
        (core.SetLanguage(language="tt", next=NodeId("end")), Code.LANGUAGE_NOT_OFFERED),
        (
            core.Lookup(
                service=ServiceId("s"),
                fields={},
                into={},
                prompts=words(1),
                patience=timedelta(seconds=61),
                next=NodeId("end"),
                not_found=NodeId("end"),
                fallback=NodeId("end"),
            ),
            Code.NO_PATIENCE,
        ),
    ],
)
def test_what_the_loader_refuses_is_refused_here_too(node: core.Node, code: Code) -> None:
    assert codes({"first": node}, limits=Limits(keys=None, time=None)) == [("first", code)]


def test_ten_retries_are_too_many_in_two_respects() -> None:
    found = codes({"ask": replace(SOUND, retries=10)}, limits=Limits(time=None))
    assert found == [("ask", Code.NO_RETRY_LIMIT), ("ask", Code.THIRD_FAILURE)]


def test_a_circle_of_nodes_that_never_wait_is_told_once_limited_or_not() -> None:
    circle: dict[str, core.Node] = {
        "a": core.Assign(values={}, next=NodeId("b")),
        "b": core.Limit(times=2, next=NodeId("a"), exhausted=NodeId("end")),
    }
    assert codes(circle) == [("a", Code.CIRCLE_WITHOUT_PAUSE)]


def test_a_limit_ends_a_circle_and_counts_in_the_time() -> None:
    nodes: dict[str, core.Node] = {
        "sorry": play("again", 5),
        "again": core.Limit(times=3, next=NodeId("sorry"), exhausted=NodeId("end")),
        "end": Q,
    }
    verdict = prove(program_of(nodes))
    assert verdict.is_sound
    assert verdict.time is not None
    assert duration(verdict.time) == timedelta(seconds=4 * 5)


def test_a_menu_that_repeats_itself_by_a_key_is_no_circle() -> None:
    assert codes({"ask": menu(key_0="end", key_1="ask")}) == []


def test_the_figures_are_those_of_prompts_timeouts_and_retries() -> None:
    verdict = prove(program_of({"hello": play("ask", 7), "ask": SOUND, "end": Q}))
    assert verdict.keys is not None
    assert verdict.time is not None
    assert verdict.silence is not None
    assert verdict.keys.amount == 1
    assert duration(verdict.time) == timedelta(seconds=7 + 4 + 5)
    assert duration(verdict.silence) == timedelta(seconds=7 + 4 + 5 + 3 + 4 + 5)
    assert [each.happens for each in verdict.silence.way] == [
        "hears it",
        "says nothing 2 times",
        "waits for an operator",
    ]


def test_who_cannot_type_what_is_asked_fails_by_a_key_each_time() -> None:
    asked = core.Collect(
        prompts=words(4),
        into="a",
        format=Format(kind=FormatKind.SNILS),
        timeout=timedelta(seconds=5),
        retries=1,
        invalid_prompts=(),
        timeout_prompts=(),
        next=NodeId("end"),
        exhausted=NodeId("end"),
    )
    verdict = prove(program_of({"ask": asked, "end": Q}))
    assert verdict.is_sound
    assert verdict.keys is not None
    assert verdict.keys.amount == 2


def test_a_prompt_that_is_not_known_and_a_value_are_taken_for_long_ones() -> None:
    program = program_of({"end": Q})
    assert program.length((PromptKey("unheard-of"),)) == UNKNOWN_PROMPT
    assert set(LONGEST_VALUES) == set(Form)


def test_what_is_set_later_is_not_set_before() -> None:
    wanted = core.Wanted(path=("x",), kind=VariableKind.TEXT)
    nodes: dict[str, core.Node] = {
        "system": core.Lookup(
            service=ServiceId("s"),
            fields={},
            into={"c": wanted},
            prompts=words(1),
            patience=timedelta(seconds=3),
            next=NodeId("said"),
            not_found=NodeId("end"),
            fallback=NodeId("end"),
        ),
        "said": core.Play(
            prompts=(Insert(value=Known("c"), form=Form.DIGITS),), next=NodeId("set")
        ),
        "set": core.Assign(values={"c": Constant("7")}, next=NodeId("end")),
    }
    assert codes(nodes) == [("said", Code.ANSWER_MAY_LACK)]


# --- persons


def test_after_hours_an_appeal_is_as_good_as_a_person_and_by_day_it_is_not() -> None:
    assert codes({"open": hours("end", "ask"), "ask": ASK}) == []
    by_day = codes({"ask": ASK})
    assert by_day == [("ask", Code.NO_PERSON)]
    assert codes({"ask": ASK}, is_for_overload=True) == []


def test_a_menu_after_hours_leads_by_0_to_an_appeal() -> None:
    nodes: dict[str, core.Node] = {
        "open": hours("end", "night"),
        "night": menu("bye", key_1="ask", key_0="bye"),
        "ask": ASK,
        "bye": CLOSED,
    }
    assert codes(nodes) == [("night", Code.NO_ZERO)]
    assert codes({**nodes, "night": menu("bye", key_1="ask", key_0="ask")}) == []


def test_a_callback_after_hours_is_good_for_whose_number_is_known() -> None:
    back = core.Callback(prompts=words(1), without_number=NodeId("bye"))
    known: dict[str, core.Node] = {
        "open": hours("end", "whose"),
        "whose": core.KnownNumber(known=NodeId("back"), unknown=NodeId("ask")),
        "back": back,
        "ask": ASK,
        "bye": CLOSED,
    }
    assert codes(known) == [("bye", Code.UNREACHABLE)]
    unasked: dict[str, core.Node] = {"open": hours("end", "back"), "back": back, "bye": CLOSED}
    assert codes(unasked) == [("open", Code.ONLY_INFORMED)]


def test_0_may_lead_through_hours_into_what_is_offered_after_hours() -> None:
    nodes: dict[str, core.Node] = {
        "day": menu("open", key_0="open", key_1="end"),
        "open": hours("end", "night"),
        "night": menu("ask", key_0="ask"),
        "ask": ASK,
    }
    assert codes(nodes) == []


def test_0_may_not_lead_to_another_menu_by_day() -> None:
    nodes: dict[str, core.Node] = {"day": menu(key_0="more"), "more": menu(key_0="end")}
    assert codes(nodes) == [("day", Code.NO_ZERO)]


def test_nothing_is_asked_of_what_comes_after_the_talk() -> None:
    nodes: dict[str, core.Node] = {
        "first": replace(Q, after=NodeId("more")),
        "more": menu("bye", key_1="bye"),
        "bye": BYE,
    }
    assert codes(nodes) == [("end", Code.UNREACHABLE)]


def test_a_number_outside_that_does_not_answer_leads_on() -> None:
    assert codes({"out": core.Transfer(number="112", otherwise=NodeId("end"))}) == []
    verdict = prove(
        program_of({"out": core.Transfer(number="112", otherwise=NodeId("bye")), "bye": BYE})
    )
    assert [each.code for each in verdict.findings] == [Code.NO_PERSON]


def test_who_wants_no_limits_is_asked_for_none() -> None:
    assert codes({"bye": BYE}, limits=Limits(keys=None)) == [("end", Code.UNREACHABLE)]
    slow = {"hello": play("end", *[7] * 20)}
    assert codes(slow) == [("hello", Code.TOO_LONG), ("hello", Code.TOO_LONG_IN_SILENCE)]
    assert codes(slow, limits=Limits(time=None)) == []


def test_warnings_do_not_stand_against_a_script() -> None:
    verdict = prove(program_of({"first": Q, "unheard": play("first", 1)}))
    assert [each.severity for each in verdict.findings] == [Severity.WARNING]
    assert verdict.is_sound
