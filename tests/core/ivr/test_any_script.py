"""Any script of all kinds of nodes, under any caller and any world: `walker.py` says what holds."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.formats import FormatKind
from ekc_telephony.core.ivr.script import Node, Script
from ekc_telephony.core.ivr.spoken import Form
from tests.core.ivr.any_caller import Happening, Move, moves
from tests.core.ivr.any_script import ASKED_FOR, FORMS, scripts
from tests.core.ivr.walker import NUMBER, Walker


@given(scripts(), st.sampled_from([NUMBER, None]), st.lists(moves(), max_size=40))
def test_in_any_script_any_caller_is_served(
    script: Script, number: str | None, happenings: list[Move]
) -> None:
    walker = Walker(script=script, number=number)
    for each in happenings:
        walker.happens(each)


@given(scripts(), st.lists(st.sampled_from([Happening.HEARD, Happening.SILENCE]), max_size=60))
def test_who_does_nothing_is_never_left_in_silence(script: Script, listening: list[Move]) -> None:
    walker = Walker(script=script)
    for each in listening:
        walker.happens(each)


def test_every_kind_of_node_is_drawn() -> None:
    drawn: set[type[object]] = set()

    @given(scripts())
    def note(script: Script) -> None:
        drawn.update(type(each) for each in script.nodes.values())

    note()
    assert drawn == set(get_args(Node))


def test_every_form_and_every_format_can_be_drawn() -> None:
    assert FORMS.keys() == set(Form)
    assert {each.kind for each, _ in ASKED_FOR} == set(FormatKind)
