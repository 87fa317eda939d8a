"""An overlay over any script: what it brings is a longer way, or is found and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.overlay import Leads, MenuItem, Overlay, origin_of, overlaid
from ekc_telephony.core.ivr.proofs.finding import Code, Severity
from ekc_telephony.core.ivr.proofs.program import Program
from ekc_telephony.core.ivr.proofs.prove import prove
from ekc_telephony.core.ivr.proofs.under_overlay import LONGER, Brought, brought_by
from ekc_telephony.core.kernel.ids import NodeId, OverlayId, PromptKey, QueueId
from tests.core.ivr.proofs.callers import LENGTHS, NOW, program_of, programs, words

FLOOD: Final = Overlay(overlay=OverlayId("o1"), prompts=words(7), until=NOW + timedelta(hours=1))
ITEMS: Final = st.sampled_from(
    [
        MenuItem(key=key, leads=leads, to=to)
        for key in "579"
        for leads, to in ((Leads.QUEUE, "rescue"), (Leads.PROMPT, "p5"))
    ]
)


def brought(program: Program, overlay: Overlay) -> list[Brought]:
    covered = replace(program, script=overlaid(program.script, [overlay]))
    before, after = prove(program).findings, prove(covered).findings
    return list(brought_by(overlay, before=before, after=after))


@settings(max_examples=120)
@given(programs)
def test_an_announcement_makes_ways_longer_and_nothing_else(program: Program) -> None:
    for finding, severity in brought(program, FLOOD):
        assert finding.code in LONGER
        assert severity is Severity.WARNING


@settings(max_examples=120)
@given(programs, ITEMS)
def test_a_key_to_a_queue_or_to_words_does_nobody_harm(program: Program, item: MenuItem) -> None:
    for finding, _ in brought(program, replace(FLOOD, item=item)):
        assert finding.code in LONGER, finding


@settings(max_examples=60)
@given(programs)
def test_the_same_overlay_once_more_brings_no_error_either(program: Program) -> None:
    covered = replace(program, script=overlaid(program.script, [FLOOD]))
    again = replace(FLOOD, overlay=OverlayId("o2"))
    assert all(severity is Severity.WARNING for _, severity in brought(covered, again))


def asked(**more: core.Node) -> Program:
    menu = core.Menu(
        prompts=words(2),
        choices={"0": NodeId("end"), "1": NodeId("case")},
        timeout=timedelta(seconds=5),
        retries=1,
        invalid_prompts=words(1),
        timeout_prompts=words(1),
        exhausted=NodeId("end"),
    )
    end = core.Enqueue(queue=QueueId("q"), answers_at_once=True)
    case = core.Play(prompts=words(1), next=NodeId("end"))
    return program_of({"menu": menu, "case": case, "end": end, **more})


def test_a_prompt_that_is_not_there_is_an_error_unless_russian_is_enough() -> None:
    program = replace(asked(), prompts={"ru": LENGTHS, "tt": LENGTHS})
    program = replace(program, script=replace(program.script, languages=("ru", "tt")))
    gone = replace(program, prompts={"ru": LENGTHS, "tt": {PromptKey("p2"): timedelta(seconds=2)}})
    ((finding, severity),) = brought(gone, FLOOD)
    assert (finding.code, finding.node) == (Code.MISSING_PROMPT, "o1:said")
    assert severity is Severity.ERROR
    ((_, severity),) = brought(gone, replace(FLOOD, is_russian_enough=True))
    assert severity is Severity.WARNING
    assert not brought(program, FLOOD)


def test_a_zero_of_its_own_that_leads_to_nobody_is_an_error() -> None:
    item = MenuItem(key="0", leads=Leads.PROMPT, to="p5")
    ((finding, severity),) = brought(asked(), replace(FLOOD, item=item))
    assert (finding.code, finding.node, severity) == (Code.NO_ZERO, "o1:menu", Severity.ERROR)
    assert not brought(
        asked(), replace(FLOOD, item=MenuItem(key="0", leads=Leads.QUEUE, to="rescue"))
    )


@pytest.mark.parametrize(
    ("node", "origin"),
    [
        ("main", "main"),
        ("o1:said", None),
        ("o1:menu", None),
        ("o1:menu:main", "main"),
        ("o2:plain:o1:menu:main", "main"),
    ],
)
def test_a_node_of_an_overlay_stands_for_one_of_the_script_or_for_none(
    node: str, origin: str | None
) -> None:
    assert origin_of(NodeId(node)) == origin
