"""A question to an information system keeps its name until it is answered, and no longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from ekc_telephony.core.ivr.expressions import Known
from ekc_telephony.core.ivr.hours import CallZones
from ekc_telephony.core.ivr.interpreter import UNKNOWN_CLOCKS, Visit
from ekc_telephony.core.ivr.script import Identification, Lookup, Menu, Node, Play, Script, Wanted
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.ivr.visit_effects import Ask, Identified, Say, StopSaying, VisitEffect
from ekc_telephony.core.ivr.whereabouts import Whereabouts
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, RequestId, ScriptId, ServiceId
from tests.core.ivr.any_script import NOON
from tests.core.ivr.nodes import after

FOUND: Final = LookupResult.found(Answer.of({"case": {"sums": ["120.50"]}, "flag": "yes"}))
FAILED: Final = LookupResult.failed(LookupFailure.TIMEOUT)
BARNAUL: Final = ZoneInfo("Asia/Barnaul")
KAMCHATKA: Final = ZoneInfo("Asia/Kamchatka")
FIRST: Final = RequestId("1-ask-1")


def words(*keys: str) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(key) for key in keys)


def asks(*, again: str = "first", prompts: tuple[PromptKey, ...] = ()) -> Lookup:
    return Lookup(
        service=ServiceId("cases"),
        fields={"number": Known("caller.number"), "case": Known("text")},
        into={
            "money": Wanted(path=("case", "sums", "0"), kind=VariableKind.MONEY),
            "flag": Wanted(path=("flag",), kind=VariableKind.FLAG),
        },
        prompts=prompts or words("wait"),
        patience=timedelta(seconds=4),
        next=NodeId("found"),
        not_found=NodeId("not-found"),
        fallback=NodeId(again),
        identifies=Identification.REGISTRATION,
    )


def visit(**nodes: Node) -> Visit:
    return visit_by(UNKNOWN_CLOCKS, nodes)


def visit_by(zones: CallZones, nodes: Mapping[str, Node]) -> Visit:
    menu = Menu(
        prompts=words("menu"),
        choices={"1": NodeId("first")},
        timeout=timedelta(seconds=5),
        retries=0,
        invalid_prompts=(),
        timeout_prompts=(),
        exhausted=NodeId("menu"),
    )
    told: dict[str, Node] = {
        each: Play(prompts=words(each), next=NodeId("menu"))
        for each in ("found", "not-found", "failed")
    }
    graph = {**nodes, **told, "menu": menu}
    script = Script(
        script=ScriptId("test"),
        entry=NodeId(next(iter(graph))),
        nodes={NodeId(name): node for name, node in graph.items()},
        variables={
            "text": Variable(kind=VariableKind.TEXT),
            "money": Variable(kind=VariableKind.MONEY),
            "flag": Variable(kind=VariableKind.FLAG, initial=True),
            "day": Variable(kind=VariableKind.DATE),
            "at": Variable(kind=VariableKind.TIME),
        },
    )
    return Visit(script, {}, call=CallId("1"), number="79131234567", zones=zones)


def started(**nodes: Node) -> Visit:
    caller = visit(**nodes)
    caller.start(NOON)
    return caller


def requests(effects: list[VisitEffect]) -> list[str]:
    return [each.request for each in effects if isinstance(each, Ask)]


def test_what_is_not_known_is_not_sent() -> None:
    assert visit(first=asks(again="failed")).start(NOON) == [
        Say(words("wait")),
        Ask(FIRST, ServiceId("cases"), {"number": "79131234567"}),
    ]


def test_an_answer_is_learned_as_far_as_it_is_of_the_kind() -> None:
    caller = started(first=asks(again="failed"))
    assert caller.on_answer(FIRST, FOUND, after(1)) == [
        StopSaying(),
        Identified(Identification.REGISTRATION),
        Say(words("found")),
    ]
    assert caller.known["money"] == 12_050
    assert "flag" not in caller.known


@pytest.mark.parametrize(
    ("zones", "heard"),
    [
        (CallZones(), (date(2026, 12, 1), time(4, 30))),
        (CallZones(dialled=BARNAUL), (date(2026, 12, 1), time(8, 30))),
        (CallZones(dialled=BARNAUL, caller=KAMCHATKA), (date(2026, 12, 1), time(13, 30))),
    ],
)
def test_a_moment_is_learned_by_the_clock_of_the_call(
    zones: CallZones, heard: tuple[date, time]
) -> None:
    told = LookupResult.found(Answer.of({"at": "2026-12-01T01:30:00Z"}))
    into = {
        "day": Wanted(path=("at",), kind=VariableKind.DATE),
        "at": Wanted(path=("at",), kind=VariableKind.TIME),
    }
    caller = visit_by(zones, {"first": replace(asks(again="failed"), into=into)})
    caller.start(NOON)
    caller.on_answer(FIRST, told, after(1))
    assert (caller.known["day"], caller.known["at"]) == heard


@pytest.mark.parametrize(("result", "said"), [(NOT_FOUND, "not-found"), (FAILED, "failed")])
def test_no_answer_leads_elsewhere_and_changes_nothing(result: LookupResult, said: str) -> None:
    caller = started(first=asks(again="failed"))
    assert caller.on_answer(FIRST, result, after(1)) == [StopSaying(), Say(words(said))]
    assert caller.known["flag"] is True


def test_patience_ends_though_prompts_are_heard_to_the_end() -> None:
    caller = started(first=asks(again="failed"))
    assert caller.on_heard(after(1)) == []
    assert caller.next_deadline() == after(4)
    assert caller.on_key("1", after(2)) == []
    assert caller.on_time(after(4)) == [Say(words("failed"))]


def test_an_answer_too_late_is_no_answer_to_the_next_question() -> None:
    caller = started(first=asks(again="second"), second=asks(again="failed"))
    assert requests(caller.on_time(after(4))) == ["1-ask-2"]
    assert caller.on_answer(FIRST, FOUND, after(5)) == []
    assert caller.on_answer(RequestId("1-ask-2"), FOUND, after(5))


def test_an_answer_counts_once() -> None:
    caller = started(first=asks(again="failed"))
    caller.on_answer(FIRST, FOUND, after(1))
    assert caller.on_answer(FIRST, FOUND, after(1)) == []


def test_an_answer_to_nobodys_question_is_none() -> None:
    assert started(first=asks(again="failed")).on_answer(RequestId("x"), FOUND, after(1)) == []


def test_who_comes_by_again_asks_another_question() -> None:
    caller = started(first=asks(again="failed"))
    caller.on_answer(FIRST, FOUND, after(1))
    caller.on_heard(after(2))
    assert requests(caller.on_key("1", after(3))) == ["1-ask-2"]


def test_to_repeat_is_to_ask_the_same_question() -> None:
    """Who is asked twice for an appointment books one."""
    caller = started(first=asks(again="failed"))
    again = visit(first=asks(again="failed"))
    again.resume_at(caller.whereabouts)
    assert requests(again.repeat(after(2))) == [FIRST]
    assert again.next_deadline() == after(6)
    assert again.on_answer(FIRST, FOUND, after(3))


def test_where_his_node_is_gone_the_entry_asks_another_question() -> None:
    caller = visit(first=asks(again="failed"))
    caller.resume_at(Whereabouts(node=NodeId("gone"), asked=1))
    assert requests(caller.repeat(after(2))) == ["1-ask-2"]
