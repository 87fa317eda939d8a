"""Questions, branches, assignments, limits, moments, languages and ways that come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from ekc_telephony.core.ivr.expressions import Compared, Constant, Known, Relation, Sum
from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Case,
    Enqueue,
    Limit,
    Node,
    Play,
    Question,
    Script,
    SetLanguage,
    Transfer,
    Until,
)
from ekc_telephony.core.ivr.spoken import Form
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.values import Variable, VariableKind
from ekc_telephony.core.ivr.visit_effects import (
    Answered,
    Join,
    Questioned,
    RingOutside,
    Say,
    StopSaying,
    SwitchLanguage,
)
from ekc_telephony.core.kernel.ids import CallId, NodeId, PromptKey, QueueId, ScriptId
from tests.core.ivr.any_script import NOON
from tests.core.ivr.nodes import after

TO_QUEUE: Final = Enqueue(queue=QueueId("first"), answers_at_once=True)
JOINED: Final = Join(TO_QUEUE)


def words(*keys: str) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(key) for key in keys)


def play(key: str, following: str = "end") -> Play:
    return Play(prompts=words(key), next=NodeId(following))


def visit(**nodes: Node) -> Visit:
    graph: dict[str, Node] = {**nodes, "end": TO_QUEUE}
    script = Script(
        script=ScriptId("test"),
        entry=NodeId(next(iter(graph))),
        nodes={NodeId(name): node for name, node in graph.items()},
        variables={
            "n": Variable(kind=VariableKind.NUMBER, initial=1),
            "m": Variable(kind=VariableKind.NUMBER),
        },
        languages=("ru", "tt"),
    )
    return Visit(script, {}, call=CallId("1"), number="79131234567")


# --- questions

ASKED: Final = Questioned("rating", True, "quality")
BAD: Final = Answered("rating", "bad", True, "quality")


def question(*, retries: int = 1, is_rating: bool = True) -> Question:
    return Question(
        question="rating",
        survey="quality",
        into="mark",
        prompts=words("rate"),
        answers={"1": "bad", "5": "good"},
        timeout=timedelta(seconds=5),
        retries=retries,
        invalid_prompts=words("wrong"),
        timeout_prompts=words("silent"),
        next=NodeId("end"),
        is_rating=is_rating,
    )


@pytest.mark.parametrize("is_rating", [True, False])
def test_an_answer_is_noted_and_leads_on(*, is_rating: bool) -> None:
    caller = visit(ask=question(is_rating=is_rating))
    asked = Questioned("rating", is_rating, "quality")
    assert caller.start(NOON) == [asked, Say(words("rate"))]
    said = caller.on_key("5", after(1))
    assert said == [StopSaying(), Answered("rating", "good", is_rating, "quality"), JOINED]
    assert caller.known["mark"] == "good"


def test_who_is_asked_the_same_again_was_asked_once() -> None:
    caller = visit(ask=question())
    caller.start(NOON)
    assert caller.repeat(after(1)) == [StopSaying(), Say(words("rate"))]
    assert caller.on_key("7", after(2)) == [StopSaying(), Say(words("wrong", "rate"))]


def test_nobody_has_to_answer() -> None:
    caller = visit(ask=question())
    caller.start(NOON)
    assert caller.on_key("7", after(1)) == [StopSaying(), Say(words("wrong", "rate"))]
    caller.on_heard(after(2))
    assert caller.on_time(after(7)) == [JOINED]


def test_a_key_during_a_play_answers_the_question_that_comes_next() -> None:
    caller = visit(hello=play("hello", "ask"), ask=question())
    caller.start(NOON)
    assert caller.on_key("1", after(1)) == [StopSaying(), ASKED, BAD, JOINED]


# --- variables

IS_TWO: Final = Compared(Relation.EQUAL, Known("n"), Constant(2))
M_IS_SMALL: Final = Compared(Relation.LESS, Known("m"), Constant(9))


def test_a_branch_goes_the_first_way_that_holds_beyond_doubt() -> None:
    branch = Branch(
        cases=(
            Case(when=M_IS_SMALL, next=NodeId("unknown")),
            Case(when=IS_TWO, next=NodeId("two")),
        ),
        otherwise=NodeId("end"),
    )
    ways: dict[str, Node] = {"branch": branch, "unknown": play("unknown"), "two": play("two")}
    assert visit(**ways).start(NOON) == [JOINED]
    grows = Assign(values={"n": Sum(Known("n"), Constant(1))}, next=NodeId("branch"))
    assert visit(grows=grows, **ways).start(NOON) == [Say(words("two"))]


def test_all_values_are_set_from_those_before() -> None:
    swap = Assign(values={"n": Known("m"), "m": Known("n")}, next=NodeId("end"))
    caller = visit(swap=swap)
    caller.start(NOON)
    assert caller.known["m"] == 1
    assert "n" not in caller.known


def test_what_is_forgotten_stays_forgotten_after_a_restart() -> None:
    forget = Assign(values={"n": None}, next=NodeId("end"))
    caller = visit(forget=forget)
    caller.start(NOON)
    again = visit(forget=forget)
    again.resume_at(caller.whereabouts)
    assert "n" not in again.known


def test_a_value_is_said_and_one_that_is_not_known_is_left_out() -> None:
    said = Play(
        prompts=(
            *words("you-have"),
            Insert(value=Known("n"), form=Form.NUMBER),
            Insert(value=Known("m"), form=Form.NUMBER),
        ),
        next=NodeId("end"),
    )
    assert visit(said=said).start(NOON) == [Say(words("you-have", "key-1"))]


def test_a_play_of_nothing_that_is_known_leads_on() -> None:
    said = Play(prompts=(Insert(value=Known("m"), form=Form.NUMBER),), next=NodeId("end"))
    assert visit(said=said).start(NOON) == [JOINED]


# --- limits and moments


def test_a_limit_lets_him_pass_so_many_times_across_restarts() -> None:
    nodes: dict[str, Node] = {
        "limit": Limit(times=2, next=NodeId("again"), exhausted=NodeId("end")),
        "again": play("again", "limit"),
    }
    caller = visit(**nodes)
    assert caller.start(NOON) == [Say(words("again"))]
    again = visit(**nodes)
    again.resume_at(caller.whereabouts)
    assert again.on_heard(after(1)) == [Say(words("again"))]
    assert again.on_heard(after(2)) == [JOINED]


@pytest.mark.parametrize(("at", "said"), [(-1, "before"), (0, "after"), (1, "after")])
def test_a_moment_divides_the_ways(at: float, said: str) -> None:
    until = Until(moment=NOON, before=NodeId("before"), after=NodeId("after"))
    caller = visit(until=until, before=play("before"), after=play("after"))
    assert caller.start(after(at)) == [Say(words(said))]


# --- languages


def test_a_language_is_switched_once_before_anything_is_said_in_it() -> None:
    nodes: dict[str, Node] = {
        "tatar": SetLanguage(language="tt", next=NodeId("hello")),
        "hello": play("hello", "tatar"),
    }
    caller = visit(**nodes)
    assert caller.start(NOON) == [SwitchLanguage("tt"), Say(words("hello"))]
    assert caller.known["language"] == "tt"
    again = visit(**nodes)
    again.resume_at(caller.whereabouts)
    assert again.on_heard(after(1)) == [Say(words("hello"))]


def test_a_language_that_a_skipping_key_led_to_is_switched() -> None:
    caller = visit(
        hello=play("hello", "tatar"),
        tatar=SetLanguage(language="tt", next=NodeId("ask")),
        ask=question(),
    )
    caller.start(NOON)
    answered = Answered("rating", "good", True, "quality")
    assert caller.on_key("5", after(1)) == [
        *(StopSaying(), SwitchLanguage("tt"), ASKED),
        *(answered, JOINED),
    ]


# --- ways that come back


def test_after_the_talk_he_goes_on_where_the_queue_says_so() -> None:
    rated = Enqueue(queue=QueueId("first"), answers_at_once=True, after=NodeId("ask"))
    caller = visit(wait=rated, ask=question())
    caller.start(NOON)
    assert caller.goes_on_after_talk
    assert caller.on_key("5", after(1)) == []
    assert caller.on_not_connected(after(2)) == caller.on_no_message(after(2)) == []
    assert caller.on_talk_over(after(9)) == [ASKED, Say(words("rate"))]
    assert not caller.goes_on_after_talk
    assert caller.on_talk_over(after(9)) == []


def test_without_a_node_after_it_the_talk_ends_the_visit() -> None:
    caller = visit()
    caller.start(NOON)
    assert not caller.goes_on_after_talk
    assert caller.on_talk_over(after(9)) == []


def test_a_number_outside_that_nobody_answers_leads_on() -> None:
    caller = visit(outside=Transfer(number="112", otherwise=NodeId("sorry")), sorry=play("sorry"))
    assert caller.start(NOON) == [RingOutside("112")]
    assert caller.rings_outside
    assert caller.on_time(after(60)) == caller.on_heard(after(60)) == []
    assert caller.on_not_connected(after(60)) == [Say(words("sorry"))]
    assert not caller.rings_outside
