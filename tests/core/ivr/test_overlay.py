"""What lies over a script for some hours: everything of the script is there, before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.interpreter import Visit
from ekc_telephony.core.ivr.overlay import (
    Leads,
    MenuItem,
    Overlay,
    first_menus,
    overlaid,
)
from ekc_telephony.core.ivr.script import Enqueue, Hours, Menu, Node, Play, Script
from ekc_telephony.core.ivr.visit_effects import Join
from ekc_telephony.core.ivr.ways import ways_of
from ekc_telephony.core.kernel.ids import NodeId, OverlayId, QueueId, ScriptId
from tests.core.ivr.any_caller import Key, Move, moves
from tests.core.ivr.any_script import NOON, SCHEDULES, scripts
from tests.core.ivr.nodes import after, menu, play, prompts
from tests.core.ivr.test_visit import CALL, say
from tests.core.ivr.test_visit import TO_QUEUE as QUEUE
from tests.core.ivr.walker import Walker

END: Final = NOON + timedelta(hours=1)
FLOOD: Final = Overlay(overlay=OverlayId("o1"), prompts=prompts("flood"), until=END)
TO_QUEUE: Final = MenuItem(key="5", leads=Leads.QUEUE, to="rescue")
TOLD: Final = MenuItem(key="5", leads=Leads.PROMPT, to="villages")


def script(**nodes: Node) -> Script:
    """Return a script that begins at the first node named, and may end at `end`."""
    graph = {NodeId(name): node for name, node in nodes.items()}
    return Script(
        script=ScriptId("test"), entry=next(iter(graph)), nodes={**graph, NodeId("end"): QUEUE}
    )


def with_item(item: MenuItem) -> Overlay:
    return replace(FLOOD, item=item)


def at(one: Script) -> Visit:
    return Visit(one, SCHEDULES, call=CALL)


HOTLINE: Final = script(hello=play("main", "hello"), main=menu("menu", key_1="end", key_9="main"))


def test_the_announcement_is_heard_before_the_script() -> None:
    caller = at(overlaid(HOTLINE, [FLOOD]))
    assert caller.start(NOON) == [say("flood")]
    assert caller.on_heard(after(5)) == [say("hello")]
    assert caller.on_heard(after(6)) == [say("menu")]


def test_of_two_the_last_one_is_heard_first() -> None:
    storm = replace(FLOOD, overlay=OverlayId("o2"), prompts=prompts("storm"))
    caller = at(overlaid(HOTLINE, [FLOOD, storm]))
    assert caller.start(NOON) == [say("storm")]
    assert caller.on_heard(after(5)) == [say("flood")]


def test_it_ends_by_itself_at_its_moment() -> None:
    one = overlaid(HOTLINE, [FLOOD])
    assert at(one).start(END - timedelta(microseconds=1)) == [say("flood")]
    assert at(one).start(END) == [say("hello")]


def test_a_key_is_added_to_the_first_menu_and_the_words_before_it() -> None:
    caller = at(overlaid(HOTLINE, [with_item(TO_QUEUE)]))
    assert caller.start(NOON) == [say("hello")]
    assert caller.on_heard(after(2)) == [say("flood", "menu")]
    assert caller.on_key("5", after(3))[-1] == Join(
        Enqueue(queue=QueueId("rescue"), answers_at_once=True)
    )


def test_what_is_told_by_a_key_leads_back_to_the_menu() -> None:
    caller = at(overlaid(HOTLINE, [with_item(TOLD)]))
    caller.start(NOON)
    caller.on_heard(after(2))
    assert caller.on_key("5", after(3))[-1] == say("villages")
    assert caller.on_heard(after(9)) == [say("flood", "menu")]


def test_of_several_first_menus_each_gets_back_whoever_pressed_its_key() -> None:
    """By day and after hours other menus come first; what is told there leads nowhere else."""
    hours = Hours(schedule="day", open=NodeId("main"), closed=NodeId("closed"))
    two = script(
        begin=hours, main=menu("menu", key_1="end"), closed=menu("closed-menu", key_1="end")
    )
    covered = overlaid(two, [with_item(TOLD)])
    for name in first_menus(two):
        asked = covered.nodes[NodeId(f"o1:menu:{name}")]
        assert isinstance(asked, Menu)
        told = covered.nodes[asked.choices["5"]]
        assert isinstance(told, Play)
        assert told.next == name


def test_after_its_moment_the_key_is_a_wrong_one_in_the_menu_itself() -> None:
    caller = at(overlaid(HOTLINE, [with_item(TO_QUEUE)]))
    caller.start(END)
    assert caller.on_heard(END) == [say("menu")]
    assert caller.on_key("5", END)[-1] == say("wrong", "menu")


def test_whoever_hears_the_longer_menu_may_still_press_its_key_after_the_moment() -> None:
    """What was offered to him holds, and the next caller is not offered it."""
    caller = at(overlaid(HOTLINE, [with_item(TO_QUEUE)]))
    caller.start(NOON)
    caller.on_heard(END - timedelta(seconds=1))
    assert isinstance(caller.on_key("5", END)[-1], Join)


def test_a_script_without_a_menu_begins_with_one() -> None:
    one = overlaid(script(hello=play("end", "hello")), [with_item(TO_QUEUE)])
    caller = at(one)
    assert caller.start(NOON) == [say("flood")]
    assert isinstance(caller.on_key("5", after(1))[-1], Join)
    silent = at(one)
    silent.start(NOON)
    silent.on_heard(after(2))
    deadline = silent.next_deadline()
    assert deadline is not None
    assert silent.on_time(deadline) == [say("hello")]


def test_a_key_of_the_script_stays_the_scripts() -> None:
    taken = MenuItem(key="1", leads=Leads.PROMPT, to="villages")
    caller = at(overlaid(HOTLINE, [with_item(taken)]))
    assert caller.start(NOON) == [say("flood")]
    assert caller.on_key("1", after(1))[-1] == say("villages")
    assert caller.on_heard(after(2)) == [say("hello")]
    assert caller.on_heard(after(3)) == [say("menu")]
    assert isinstance(caller.on_key("1", after(4))[-1], Join)


def test_a_key_to_a_node_is_for_scripts_that_have_it() -> None:
    to_node = with_item(MenuItem(key="5", leads=Leads.NODE, to="end"))
    caller = at(overlaid(HOTLINE, [to_node]))
    caller.start(NOON)
    caller.on_heard(after(1))
    assert isinstance(caller.on_key("5", after(2))[-1], Join)
    elsewhere = with_item(MenuItem(key="5", leads=Leads.NODE, to="nowhere"))
    assert overlaid(HOTLINE, [elsewhere]) == HOTLINE


def test_only_the_first_menus_get_the_key() -> None:
    deep = script(
        main=menu("menu", key_1="inner"), inner=menu("inner", key_1="end"), other=play("end", "x")
    )
    assert first_menus(deep) == (NodeId("main"),)


# --- any script

OVERLAYS: Final = st.lists(
    st.sampled_from([FLOOD, with_item(TO_QUEUE), with_item(TOLD)]), min_size=1, max_size=3
).map(lambda found: [replace(e, overlay=OverlayId(f"o{n}")) for n, e in enumerate(found)])
MOVES: Final = st.lists(moves() | st.just(Key("5")), max_size=30)


@given(scripts(), OVERLAYS, MOVES)
def test_from_its_moment_on_it_is_the_script(
    plain: Script, overlays: list[Overlay], happenings: list[Move]
) -> None:
    bare = Walker(script=plain, now=END)
    covered = Walker(script=overlaid(plain, overlays), now=END)
    for each in happenings:
        bare.happens(each)
        covered.happens(each)
    assert covered.effects == bare.effects
    assert covered.now == bare.now


@given(scripts(), OVERLAYS)
def test_every_node_and_every_way_of_the_script_is_still_there(
    plain: Script, overlays: list[Overlay]
) -> None:
    """Ways between nodes may lead over a gate, and none is lost."""
    covered = overlaid(plain, overlays)

    def behind(name: NodeId) -> set[NodeId]:
        found, ahead = set[NodeId](), [name]
        while ahead:
            each = ahead.pop()
            if each not in found:
                found.add(each)
                ahead += [way.to for way in ways_of(covered.nodes[each])]
        return found

    for name, node in plain.nodes.items():
        assert {way.to for way in ways_of(node)} <= behind(name)
    assert plain.entry in behind(covered.entry)
    for name, node in covered.nodes.items():
        assert {way.to for way in ways_of(node)} <= covered.nodes.keys(), name


@given(scripts(), OVERLAYS, MOVES)
def test_in_any_overlaid_script_a_caller_is_never_stuck_and_leaves_once(
    plain: Script, overlays: list[Overlay], happenings: list[Move]
) -> None:
    walker = Walker(script=overlaid(plain, overlays))
    for each in happenings:
        walker.happens(each)


@pytest.mark.parametrize("key", ["1", "9"])
def test_the_keys_of_the_menu_are_as_they_were(key: str) -> None:
    caller, bare = at(overlaid(HOTLINE, [with_item(TO_QUEUE)])), at(HOTLINE)
    for each in (caller, bare):
        each.start(NOON)
        each.on_heard(after(1))
    assert type(caller.on_key(key, after(2))[-1]) is type(bare.on_key(key, after(2))[-1])
