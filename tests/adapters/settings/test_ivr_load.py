"""A script's file becomes a `Script`, or all its mistakes are told at once, each in its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ekc_telephony.core.ivr.script import Enqueue, Menu, Message
from ekc_telephony.core.kernel.ids import NodeId, PromptKey
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.ivr.load import load_script
from ekc_telephony.settings.ivr.site import KnownNames

PROJECT = Path(__file__).parents[3]
KNOWN = KnownNames(
    skills=frozenset({"pensions"}),
    queues=frozenset({"first_line", "pensions"}),
    schedules=frozenset({"federal"}),
    prompts=frozenset(file.stem for file in (PROJECT / "sounds/ru").glob("*.wav")),
)


def _mistakes(folder: Path, text: str) -> list[str]:
    """Return each mistake as `line:column found`."""
    file = folder / "script.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_script(file, known=KNOWN)
    return [f"{each.line}:{each.column} {each.found}" for each in error.value.mistakes]


def test_the_shipped_hotline_is_in_order() -> None:
    script = load_script(PROJECT / "ivr_scripts/hotline.yaml", known=KNOWN)
    assert script.script == "hotline"
    menu = script.nodes[NodeId("main_menu")]
    assert isinstance(menu, Menu)
    assert menu.timeout == timedelta(seconds=5)
    assert menu.choices["*"] == "main_menu"
    assert menu.choices["0"] == "to_first_line"


def test_enqueue_may_leave_the_caller_unanswered_until_an_agent_answers(tmp_path: Path) -> None:
    file = tmp_path / "direct.yaml"
    file.write_text("entry: q\nnodes:\n  q: {kind: enqueue, queue: pensions, answer: with_agent}\n")
    node = load_script(file, known=KNOWN).nodes[NodeId("q")]
    assert isinstance(node, Enqueue)
    assert not node.answers_at_once


def test_a_message_is_asked_for_in_the_usual_words_or_in_others(tmp_path: Path) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text(
        "entry: usual\nnodes:\n  usual: {kind: message, otherwise: other}\n"
        "  other: {kind: message, prompts: [after-hours], otherwise: usual}\n"
    )
    nodes = load_script(file, known=KNOWN).nodes
    assert nodes == {
        "usual": Message(prompts=(PromptKey("message-invitation"),), otherwise=NodeId("other")),
        "other": Message(prompts=(PromptKey("after-hours"),), otherwise=NodeId("usual")),
    }


def test_a_message_node_says_where_callers_go_who_leave_none(tmp_path: Path) -> None:
    text = "entry: a\nnodes:\n  a: {kind: message, prompts: [mesage]}\n"
    assert _mistakes(tmp_path, text) == ["3:3 the node `a` without the key otherwise"]
    text = "entry: a\nnodes:\n  a: {kind: message, prompts: [mesage], otherwise: b}\n"
    assert _mistakes(tmp_path, text) == [
        "3:32 the prompt mesage, which does not exist",
        "3:52 the node b, which does not exist",
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
entry: a
x: 1
nodes:
  b: {kind: hours, schedule: federl, open: c, closed: d}
  c: {kind: menue}
  d: {kind: play, prompts: [greting], nxt: b}
  e: {kind: menu, prompts: [], keys: {12: b}, timeout: 5, retries: x,
      invalid_prompts: [], timeout_prompts: [], exhausted: zz}
  f: {kind: goodbye, prompts: [], outcome: answered}
  g: {kind: enqueue, queue: nobody}
"""
    found = _mistakes(tmp_path, text)
    for expected in (
        "1:8 the node a",
        "2:1 the unknown key x",
        "4:30 the schedule federl",
        "5:7 the unknown kind menue",
        "6:3 the node `d` without the key next",
        "6:39 the unknown key nxt",
        '7:56 "5" for `nodes.e.timeout`',
        '9:44 "answered" for `nodes.f.outcome`',
        "10:29 the queue nobody",
    ):
        assert any(each.startswith(expected) for each in found), (expected, found)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "nodes:\n  a: {kind: goodbye, prompts: [], outcome: self_served}\n",
            "1:1 the script without the key entry",
        ),
        ("entry: a\n", "1:1 the script without the key nodes"),
        ("entry: a\nnodes:\n  a: {prompts: []}\n", "3:3 a node without the key kind"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, place: str) -> None:
    assert any(each.startswith(place) for each in _mistakes(tmp_path, text))


def test_a_circle_that_never_waits_for_the_caller_is_refused(tmp_path: Path) -> None:
    text = """\
entry: a
nodes:
  a: {kind: hours, schedule: federal, open: b, closed: end}
  b: {kind: hours, schedule: federal, open: end, closed: a}
  end: {kind: goodbye, prompts: [goodbye], outcome: self_served}
"""
    assert _mistakes(tmp_path, text) == [
        "3:3 a circle of `hours` nodes through a",
        "4:3 a circle of `hours` nodes through b",
    ]


def test_a_circle_through_a_number_and_a_callback_is_refused(tmp_path: Path) -> None:
    text = """\
entry: a
nodes:
  a: {kind: number, known: end, unknown: b}
  b: {kind: callback, prompts: [goodbye], without_number: a}
  end: {kind: goodbye, prompts: [goodbye], outcome: self_served}
"""
    assert _mistakes(tmp_path, text) == [
        "3:3 a circle of `number` nodes through a",
        "4:3 a circle of `callback` nodes through b",
    ]


def test_a_prompt_that_is_not_rendered_is_a_mistake(tmp_path: Path) -> None:
    text = "entry: a\nnodes:\n  a: {kind: goodbye, prompts: [good-by], outcome: self_served}\n"
    file = tmp_path / "script.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"script\.yaml:3:\d+: found the prompt good-by"):
        load_script(file, known=KNOWN)
