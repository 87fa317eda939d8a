"""What a new version of a script would have changed for a caller of the past."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ekc_telephony.core.ivr.retelling.comparison import Change, Retold, Tally, retell
from ekc_telephony.core.ivr.retelling.recorded import Exit, ExitKind
from ekc_telephony.core.ivr.retelling.walk import Doubt, Reached, Unknown
from ekc_telephony.core.ivr.script import Enqueue, Hours, Lookup, Menu, Node, Play, Script
from ekc_telephony.core.kernel.ids import NodeId, PromptKey, QueueId
from tests.core.office import LOOKUP_SCRIPT, MAIN_SCRIPT, seconds
from tests.runtime.told_calls import RESULTS, TalkedTo, length_of


def _menu() -> Menu:
    menu = MAIN_SCRIPT.nodes[NodeId("menu")]
    assert isinstance(menu, Menu)
    return menu


_MENU: Final = _menu()
_TO_SECOND: Final = Exit(ExitKind.QUEUE, "second")


def changed(script: Script = MAIN_SCRIPT, **nodes: Node) -> Script:
    """Return a script with other nodes."""
    return replace(script, nodes={**script.nodes, **{NodeId(n): x for n, x in nodes.items()}})


def told_again(version: Script, *, key: str = "1", after: float = 5) -> Retold:
    """Return a call to the office, whose caller pressed one key, with another version."""
    caller = TalkedTo(MAIN_SCRIPT)
    caller.wait(seconds(after))
    caller.press(key)
    caller.wait(seconds(60))
    call = caller.told()
    return retell(call, version, clocks=call.clocks, lengths=length_of)


def test_a_key_that_leads_elsewhere_under_the_same_words_changes_the_end() -> None:
    retold = told_again(changed(menu=replace(_MENU, choices={"1": NodeId("to-second")})))
    assert retold.new.end == _TO_SECOND
    assert Change.END in retold.changes
    assert retold.detail == "queue first → queue second"


def test_a_key_is_not_pressed_when_he_would_be_told_something_else() -> None:
    words, ways = (PromptKey("another-menu"),), {"1": NodeId("to-second")}
    retold = told_again(changed(menu=replace(_MENU, prompts=words, choices=ways)))
    assert retold.new.end == Unknown(node=NodeId("menu"), doubt=Doubt.OTHER_MEANING)
    assert retold.changes == {Change.UNKNOWN}


def test_a_longer_greeting_makes_him_come_later() -> None:
    longer = Play(prompts=(PromptKey("greeting"), PromptKey("notice")), next=NodeId("menu"))
    greeting = next(n for n, x in MAIN_SCRIPT.nodes.items() if isinstance(x, Play))
    old = MAIN_SCRIPT.nodes[greeting]
    assert isinstance(old, Play)
    version = replace(
        MAIN_SCRIPT, nodes={**MAIN_SCRIPT.nodes, greeting: replace(longer, next=old.next)}
    )
    retold = told_again(version)
    assert retold.changes == {Change.PROMPTS, Change.LATER}
    assert retold.old.person is not None
    assert retold.new.person == Reached(after=retold.old.person.after + seconds(2), keys=1)


def test_what_he_was_never_asked_he_does_not_answer() -> None:
    asked = Menu(
        prompts=(PromptKey("region"),),
        choices={"1": NodeId("menu")},
        timeout=seconds(5),
        retries=0,
        invalid_prompts=(),
        timeout_prompts=(),
        exhausted=NodeId("menu"),
    )
    version = replace(changed(region=asked), entry=NodeId("region"))
    end = told_again(version).new.end
    assert end == Unknown(node=NodeId("region"), doubt=Doubt.NEVER_ASKED)


def test_a_question_that_is_gone_costs_him_a_key_less() -> None:
    straight = Enqueue(queue=QueueId("first"), answers_at_once=True)
    version = replace(changed(straight=straight), entry=NodeId("straight"))
    retold = told_again(version)
    assert {Change.FEWER_KEYS, Change.SOONER, Change.PROMPTS} == retold.changes


def test_who_thought_longer_than_he_is_waited_for_now_is_not_followed() -> None:
    version = changed(menu=replace(_MENU, timeout=seconds(1)))
    assert told_again(version, after=6).new.end == Unknown(
        node=NodeId("menu"), doubt=Doubt.TOO_LATE
    )


def test_a_node_of_another_name_that_says_the_same_is_the_same() -> None:
    hours = next(n for n, x in MAIN_SCRIPT.nodes.items() if isinstance(x, Hours))
    opened = MAIN_SCRIPT.nodes[hours]
    assert isinstance(opened, Hours)
    nodes = {n: x for n, x in MAIN_SCRIPT.nodes.items() if n != "menu"}
    nodes[hours] = replace(opened, open=NodeId("choice"))
    choices = {key: NodeId("choice") if to == "menu" else to for key, to in _MENU.choices.items()}
    version = replace(
        MAIN_SCRIPT, nodes={**nodes, NodeId("choice"): replace(_MENU, choices=choices)}
    )
    assert not told_again(version).changes


def test_a_lookup_is_answered_as_it_was_only_when_the_same_is_asked() -> None:
    caller = TalkedTo(LOOKUP_SCRIPT)
    caller.wait(seconds(1))
    caller.answer(RESULTS[0])
    caller.wait(seconds(30))
    call = caller.told()
    lookup = LOOKUP_SCRIPT.nodes[NodeId("who")]
    assert isinstance(lookup, Lookup)
    other = changed(LOOKUP_SCRIPT, who=replace(lookup, fields={}))
    same = retell(call, LOOKUP_SCRIPT, clocks=call.clocks, lengths=length_of)
    assert not same.changes
    retold = retell(call, other, clocks=call.clocks, lengths=length_of)
    assert retold.new.end == Unknown(node=NodeId("who"), doubt=Doubt.OTHER_LOOKUP)


def test_many_calls_are_counted_by_what_changes_for_them() -> None:
    version = changed(menu=replace(_MENU, choices={**_MENU.choices, "1": NodeId("to-second")}))
    retold = [told_again(version, key=key) for key in "1112"]
    tally = Tally()
    for each in retold:
        tally.count(each)
    summary = tally.summary()
    assert (summary.calls, summary.same) == (4, 1)
    assert summary.counts[Change.END] == 3
    group = summary.groups[0]
    assert (group.change, group.detail, group.calls) == (
        Change.END,
        "queue first → queue second",
        3,
    )
    assert summary.old.keys is not None
    assert (summary.old.keys.median, summary.old.keys.calls) == (1, 4)
