"""Each kind of node: what it becomes, and how its typical mistakes are told, with their place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.ivr.expressions import Compared, Constant, Known, Relation
from ekc_telephony.core.ivr.formats import Format, FormatKind
from ekc_telephony.core.ivr.script import (
    Assign,
    Branch,
    Callback,
    Case,
    Collect,
    Enqueue,
    Goodbye,
    Hours,
    Identification,
    KnownNumber,
    Limit,
    Lookup,
    Menu,
    Message,
    Node,
    Play,
    Question,
    SetLanguage,
    Transfer,
    Wanted,
)
from ekc_telephony.core.ivr.values import VariableKind
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId, ServiceId, SkillId
from tests.adapters.settings.ivr_files import END, loaded, mistakes

_VARIABLES: Final = (
    "variables: {who: {kind: text, personal: true}, age: {kind: number}, sum: {kind: money}, "
    "agreed: {kind: flag}, day: {kind: date}}\n"
)
"""Line 1; the node is in line 5."""
_ASKS: Final = "timeout: 5s, retries: 1, invalid_prompts: [], timeout_prompts: []"
_END: Final = NodeId("end")
_SAID: Final = (PromptKey("greeting"),)
_FIVE: Final = timedelta(seconds=5)


def _file(node: str) -> str:
    head = f"{_VARIABLES}languages: [ru, tt]\nentry: a\nnodes:\n"
    return f"{head}  a: {{{node}}}\n{END}"


@pytest.mark.parametrize(
    ("written", "node"),
    [
        ("kind: play, prompts: [greeting], next: end", Play(prompts=_SAID, next=_END)),
        (
            f"kind: menu, prompts: [greeting], keys: {{1: end, '*': a}}, exhausted: end, {_ASKS}",
            Menu(
                prompts=_SAID,
                choices={"1": _END, "*": NodeId("a")},
                timeout=_FIVE,
                retries=1,
                invalid_prompts=(),
                timeout_prompts=(),
                exhausted=_END,
            ),
        ),
        (
            (
                "kind: collect, prompts: [greeting], into: age, format: number, least: 1, "
                f"most: 120, next: end, exhausted: end, {_ASKS}"
            ),
            Collect(
                prompts=_SAID,
                into="age",
                format=Format(kind=FormatKind.NUMBER, least=1, most=120),
                timeout=_FIVE,
                retries=1,
                invalid_prompts=(),
                timeout_prompts=(),
                next=_END,
                exhausted=_END,
            ),
        ),
        (
            "kind: hours, schedule: federal, open: end, closed: end",
            Hours(schedule="federal", open=_END, closed=_END),
        ),
        (
            "kind: branch, cases: [{when: sum > 100.5, next: end}], otherwise: end",
            Branch(
                cases=(
                    Case(
                        when=Compared(Relation.MORE, Known("sum"), Constant(10_050)),
                        next=_END,
                    ),
                ),
                otherwise=_END,
            ),
        ),
        (
            "kind: set, values: {age: 7, agreed: true, who: \"'x'\"}, next: end",
            Assign(
                values={"age": Constant(7), "agreed": Constant(value=True), "who": Constant("x")},
                next=_END,
            ),
        ),
        (
            (
                "kind: lookup, service: cases, fields: {case: who}, into: {sum: payment.sum}, "
                "prompts: [greeting], next: end, not_found: end, fallback: end"
            ),
            Lookup(
                service=ServiceId("cases"),
                fields={"case": Known("who")},
                into={"sum": Wanted(path=("payment", "sum"), kind=VariableKind.MONEY)},
                prompts=_SAID,
                patience=_FIVE,
                next=_END,
                not_found=_END,
                fallback=_END,
            ),
        ),
        (
            "kind: identify, service: cases, by: number, identified: end, otherwise: end",
            Lookup(
                service=ServiceId("cases"),
                fields={"number": Known("caller.number")},
                into={},
                prompts=(),
                patience=_FIVE,
                next=_END,
                not_found=_END,
                fallback=_END,
                identifies=Identification.NUMBER,
            ),
        ),
        (
            "kind: enqueue, queue: pensions, skills: {pensions: 2}, priority: 3, after: end",
            Enqueue(
                queue=QueueId("pensions"),
                answers_at_once=True,
                skills={SkillId("pensions"): 2},
                priority=3,
                after=_END,
            ),
        ),
        (
            "kind: callback, prompts: [greeting], without_number: end",
            Callback(prompts=_SAID, without_number=_END),
        ),
        (
            "kind: message, prompts: [greeting], otherwise: end",
            Message(prompts=_SAID, otherwise=_END),
        ),
        ("kind: transfer, number: 112, otherwise: end", Transfer(number="112", otherwise=_END)),
        (
            f"kind: rate, prompts: [greeting], next: end, {_ASKS}",
            Question(
                question="rating",
                prompts=_SAID,
                answers={mark: mark for mark in "12345"},
                timeout=_FIVE,
                retries=1,
                invalid_prompts=(),
                timeout_prompts=(),
                next=_END,
                is_rating=True,
            ),
        ),
        ("kind: language, language: tt, next: end", SetLanguage(language="tt", next=_END)),
        ("kind: number, known: end, unknown: end", KnownNumber(known=_END, unknown=_END)),
        (
            "kind: limit, times: 2, next: end, exhausted: end",
            Limit(times=2, next=_END, exhausted=_END),
        ),
        (
            "kind: goodbye, prompts: [greeting], outcome: informed_no_agents",
            Goodbye(prompts=_SAID, outcome=CallOutcome.INFORMED_NO_AGENTS),
        ),
    ],
)
def test_a_kind_becomes_its_node(tmp_path: Path, written: str, node: Node) -> None:
    assert loaded(tmp_path, _file(written)).script.nodes[NodeId("a")] == node


def test_a_survey_becomes_a_question_each(tmp_path: Path) -> None:
    text = _file(
        "kind: survey, questions: [{name: clear, prompts: [greeting], answers: {1: да, 2: нет}}, "
        "{name: again, prompts: [greeting], answers: {1: да}, into: who}], next: end, "
        f"name: courtesy, {_ASKS}"
    )
    script = loaded(tmp_path, text)
    first, second = script.script.nodes[NodeId("a")], script.script.nodes[NodeId("a.again")]
    assert isinstance(first, Question)
    assert isinstance(second, Question)
    assert (first.question, first.answers, first.next) == (
        "clear",
        {"1": "да", "2": "нет"},
        "a.again",
    )
    assert (second.question, second.next, second.is_rating) == ("again", "end", False)
    assert (first.survey, first.into, second.into) == ("courtesy", None, "who")
    assert script.places[NodeId("a.again")].location == ("nodes", "a")


def test_a_survey_is_called_as_its_file_unless_it_says_otherwise(tmp_path: Path) -> None:
    asked = "questions: [{name: x, prompts: [greeting], answers: {1: a}}]"
    loaded_script = loaded(tmp_path, _file(f"kind: survey, {asked}, next: end, {_ASKS}")).script
    question = loaded_script.nodes[NodeId("a")]
    assert isinstance(question, Question)
    assert question.survey == loaded_script.script


def test_identify_forgets_what_was_typed_whatever_is_answered(tmp_path: Path) -> None:
    text = _file(
        "kind: identify, service: cases, by: code_word, prompts: [greeting], timeout: 5s, "
        "attempts: 2, identified: end, otherwise: end"
    )
    script = loaded(tmp_path, text).script
    asked = script.nodes[NodeId("a.ask")]
    assert isinstance(asked, Lookup)
    assert asked.fields == {"code_word": Known("a.typed"), "number": Known("caller.number")}
    for way in (asked.next, asked.not_found, asked.fallback):
        forgets = script.nodes[way]
        assert isinstance(forgets, Assign)
        assert forgets.values == {"a.typed": None}
    assert script.variables["a.typed"].is_personal


def test_nobody_can_read_what_identify_was_typed(tmp_path: Path) -> None:
    text = (
        _file(
            "kind: identify, service: cases, by: code_word, prompts: [greeting], timeout: 5s, "
            "identified: b, otherwise: end"
        )
        + '  b: {kind: say, text: "{{ a.typed | digits }}", next: end}\n'
    )
    assert mistakes(tmp_path, text) == ["7:24 the variable a.typed, which nobody declares"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("kind: play, prompts: [], next: end", "5:28 "),
        ("kind: play, prompts: [greeting]", "5:3 the node `a` without the key next"),
        ("kind: play, prompts: [greting], next: end", "5:29 the prompt greting, which does not"),
        ("kind: say, next: end", "5:3 the node `a` without the key text"),
        ("kind: say, text: 5 рублей, next: end", "5:24 «5» in a text"),
        (f"kind: menu, prompts: [greeting], exhausted: end, {_ASKS}", "5:3 the node `a` without"),
        (
            f"kind: menu, prompts: [greeting], keys: {{12: end}}, exhausted: end, {_ASKS}",
            "5:47 ",
        ),
        (
            f"kind: menu, prompts: [greeting], keys: {{1: ende}}, exhausted: end, {_ASKS}",
            "5:50 the node ende, which does not exist",
        ),
        (
            (
                f"kind: collect, prompts: [greeting], into: whom, format: snils, next: end, "
                f"exhausted: end, {_ASKS}"
            ),
            "5:49 the variable whom, which does not exist",
        ),
        (
            (
                f"kind: collect, prompts: [greeting], into: age, format: snils, next: end, "
                f"exhausted: end, {_ASKS}"
            ),
            "5:49 a number for what is typed as snils",
        ),
        (
            (
                f"kind: collect, prompts: [greeting], into: who, format: digits, min_length: 9, "
                f"max_length: 3, next: end, exhausted: end, {_ASKS}"
            ),
            "5:62 a format that nobody could answer",
        ),
        ("kind: hours, schedule: federl, open: end, closed: end", "5:30 the schedule federl"),
        ("kind: branch, cases: [], otherwise: end", "5:28 "),
        (
            "kind: branch, cases: [{when: who, next: end}], otherwise: end",
            "5:36 a text in an expression",
        ),
        (
            "kind: branch, cases: [{when: age > 'many', next: end}], otherwise: end",
            "5:36 «many» in an expression",
        ),
        ("kind: set, values: {age: who}, next: end", "5:32 a text in an expression"),
        ("kind: set, values: {old: 1}, next: end", "5:32 the variable old, which does not exist"),
        ("kind: set, values: {}, next: end", "5:26 "),
        (
            "kind: lookup, service: case, next: end, not_found: end, fallback: end",
            "5:30 the information system case, which does not exist",
        ),
        (
            "kind: lookup, service: cases, next: end, not_found: end",
            "5:3 the node `a` without the key fallback",
        ),
        (
            (
                "kind: lookup, service: cases, into: {age: a..b}, next: end, not_found: end, "
                "fallback: end"
            ),
            "5:49 ",
        ),
        (
            "kind: identify, service: cases, by: snils, identified: end, otherwise: end",
            "5:6 ",
        ),
        (
            (
                "kind: identify, service: cases, by: number, prompts: [greeting], identified: end, "
                "otherwise: end"
            ),
            "5:6 ",
        ),
        ("kind: enqueue, queue: first", "5:29 the queue first, which does not exist"),
        ("kind: enqueue, queue: pensions, skills: {x: 1}", "5:51 the skill x, which does not"),
        ("kind: enqueue, queue: pensions, after: x", "5:46 the node x, which does not exist"),
        ("kind: callback, prompts: [], without_number: end", "5:32 "),
        ("kind: message", "5:3 the node `a` without the key otherwise"),
        (
            "kind: transfer, number: 79001234567, otherwise: end",
            "5:31 the number outside 79001234567, which does not exist",
        ),
        (
            f"kind: rate, prompts: [greeting], keys: {{1: end}}, next: end, {_ASKS}",
            "5:40 the unknown key keys",
        ),
        (f"kind: survey, questions: [], next: end, {_ASKS}", "5:32 "),
        (
            (
                "kind: survey, questions: [{name: x, prompts: [greeting], answers: {}}], "
                f"next: end, {_ASKS}"
            ),
            "5:73 ",
        ),
        (
            (
                "kind: survey, questions: [{name: x, prompts: [greeting], answers: {1: a}, "
                f"into: age}}], next: end, {_ASKS}"
            ),
            "5:87 a number for the answer to a question",
        ),
        (
            (
                "kind: survey, questions: [{name: x, prompts: [greeting], answers: {1: a}, "
                f"into: whom}}], next: end, {_ASKS}"
            ),
            "5:87 the variable whom, which does not exist",
        ),
        ("kind: language, language: en, next: end", "5:33 the language en, which does not exist"),
        ("kind: number, known: end", "5:3 the node `a` without the key unknown"),
        ("kind: limit, times: 0, next: end, exhausted: end", "5:27 "),
        ("kind: call, script: nobody, next: end", "5:27 the script nobody, which does not exist"),
        ("kind: return", "5:3 a return in a script that nobody called"),
        ("kind: goodbye, prompts: [], outcome: answered", '5:44 "answered" for'),
        ("kind: sing, song: x", "5:7 the unknown kind sing"),
        ("kind: [play]", "5:3 a node without the key kind"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, written: str, found: str) -> None:
    told = mistakes(tmp_path, _file(written))
    assert any(each.startswith(found) for each in told), told


def test_a_node_has_a_plain_name(tmp_path: Path) -> None:
    """A dot is how the nodes of called scripts are told apart: they would be overwritten."""
    text = f"entry: end\nnodes:\n  a.b: {{kind: limit, times: 1, next: end, exhausted: end}}\n{END}"
    assert mistakes(tmp_path, text) == ["3:3 the node name «a.b»"]


@pytest.mark.parametrize(
    ("variable", "found"),
    [
        ("{kind: word}", "1:23 "),
        ("{kind: number, initial: many}", "1:40 «many»"),
        ("{kind: flag, initial: 1}", "1:38 «1»"),
        ("{kind: date, initial: 31.12.2026}", "1:38 «31.12.2026»"),
        ("{initial: 1}", "1:"),
        ("7", "1:"),
    ],
)
def test_a_variable_that_cannot_be(tmp_path: Path, variable: str, found: str) -> None:
    told = mistakes(tmp_path, f"variables: {{x: {variable}}}\nentry: end\nnodes:\n{END}")
    assert len(told) == 1
    assert told[0].startswith(found), told
