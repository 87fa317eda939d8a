"""What operators say about their callers with the keys of their phones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.commands import HangUpLeg, JoinBridge, PlayPrompts
from ekc_telephony.core.call.events import FeatureDialled, LegAnswered, TransferMode
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.engine.transfer_codes import (
    BETWEEN_KEYS,
    LONGEST_CODE,
    Keypad,
    TransferCodes,
    Wish,
    wish_of,
)
from ekc_telephony.core.kernel.ids import LegId
from tests.core.engine.hall import ADVICE, CALL, OWN, TALK, Hall, hung_up, rung
from tests.core.office import ANNA, BORIS, CLARA, NOON, SECOND, VERA

CODES = TransferCodes(blind="*70", hand_over="*71", conference="*73", reasons={"2": "complaint"})
DIRECTORY = Directory(agents={"102": BORIS}, outside=frozenset({"112"}))


@pytest.mark.parametrize(
    ("dialled", "wish"),
    [
        ("*70102", Wish(mode=TransferMode.BLIND, target="102")),
        ("*70102#", Wish(mode=TransferMode.BLIND, target="102")),
        ("*70boris", Wish(mode=TransferMode.BLIND, target="boris")),
        ("*70102*2", Wish(mode=TransferMode.BLIND, target="102", reason="complaint")),
        ("*70102*9", Wish(mode=TransferMode.BLIND, target="102")),
        ("*70", Wish(mode=TransferMode.BLIND)),
        ("*71", Wish(mode=TransferMode.HAND_OVER)),
        ("*73", Wish(mode=TransferMode.CONFERENCE)),
        ("*710", None),
        ("*45", None),
        ("102", None),
    ],
)
def test_what_is_dialled_is_understood(dialled: str, wish: Wish | None) -> None:
    assert wish_of(CODES, dialled) == wish
    assert wish_of(None, dialled) is None


def typed(keys: str, codes: TransferCodes | None = CODES) -> list[Wish]:
    """Return what was wanted by pressing keys one after another."""
    keypad = Keypad()
    wishes = [keypad.press(key, NOON, leg=TALK, codes=codes) for key in keys]
    return [each for each in wishes if each is not None]


@pytest.mark.parametrize("before", ["", "5", "*", "**", "*7", "#", "12*45", "*70999999"])
def test_a_code_is_understood_whatever_was_typed_before(before: str) -> None:
    if not before.startswith("*70"):
        assert [each.mode for each in typed(f"{before}*73")] == [TransferMode.CONFERENCE]
    assert typed(f"{before}#*70102#")[-1].target == "102"


@given(st.text("0123456789*#ABCD", max_size=200))
def test_a_keypad_keeps_only_what_may_become_a_code(keys: str) -> None:
    keypad = Keypad()
    for key in keys:
        keypad.press(key, NOON, leg=TALK, codes=CODES)
        kept = keypad._keys
        assert len(kept) <= LONGEST_CODE
        assert not kept or kept.startswith("*70") or "*70".startswith(kept) or kept == "*7"


def test_keys_are_forgotten_after_a_pause_and_on_another_line() -> None:
    keypad = Keypad()
    late = NOON + BETWEEN_KEYS + timedelta(milliseconds=1)
    for key in "*7":
        keypad.press(key, NOON, leg=TALK, codes=CODES)
    assert keypad.press("1", late, leg=TALK, codes=CODES) is None
    for key in "*7":
        keypad.press(key, late, leg=TALK, codes=CODES)
    assert keypad.press("1", late, leg=OWN, codes=CODES) is None
    assert typed("*71", None) == []


def said_to(said: list[object]) -> list[tuple[LegId, str]]:
    """Return which prompts are played, and on which leg."""
    return [(each.leg, each.prompts[0]) for each in said if isinstance(each, PlayPrompts)]


def test_a_code_on_a_second_line_sends_the_caller_on_and_is_confirmed_there() -> None:
    hall = Hall(BORIS, directory=DIRECTORY)
    said = hall.tell(60, FeatureDialled(leg=OWN, agent=ANNA, code="*70102*2"))
    assert rung(said) == [BORIS]
    assert hung_up(said) == {TALK}
    assert said_to([*said]) == [(OWN, "transfer-done")]
    assert hall.notes == [(ANNA, BORIS, "a specialist is needed")]


def test_a_code_in_vain_is_refused_on_the_second_line_and_changes_nothing() -> None:
    hall = Hall(directory=DIRECTORY)
    for code in ("*70102", "*70999", "*70", "*71", "*73"):
        leg = LegId(f"line-{code}")
        said = hall.tell(60, FeatureDialled(leg=leg, agent=ANNA, code=code))
        assert said_to([*said]) == [(leg, "transfer-refused")]
        assert hung_up(said) == set()
    assert hall.activity(ANNA) is Activity.TALKING
    assert hall.notes == []
    said = hall.tell(61, FeatureDialled(leg=LegId("other"), agent=CLARA, code="*70102"))
    assert said_to([*said]) == [(LegId("other"), "transfer-refused")]


def test_who_may_be_rung_at_once_hears_no_confirmation() -> None:
    hall = Hall(VERA, directory=DIRECTORY)
    hall.transfers(60, SECOND)
    hall.tell(61, LegAnswered(leg=LegId(f"{CALL}-offer-2")))
    said = hall.tell(90, FeatureDialled(leg=OWN, agent=VERA, code="*70112"))
    assert said_to([*said]) == []
    assert HangUpLeg in {type(each) for each in said}
    assert OWN in hung_up(said)
    assert hall.activity(VERA) is Activity.IDLE


def test_keys_in_the_talk_send_the_caller_on() -> None:
    hall = Hall(BORIS, directory=DIRECTORY)
    assert rung(hall.types(60, "5*70102#")) == [BORIS]


def test_keys_of_the_caller_and_of_the_colleague_mean_nothing() -> None:
    hall = Hall(BORIS, directory=DIRECTORY)
    assert hall.types(60, "*70102#", on=LegId(CALL)) == []
    hall.consults(63)
    assert hall.types(90, "*71", on=ADVICE) == []
    assert hall.activity(ANNA) is Activity.TALKING


@pytest.mark.parametrize("on", [TALK, OWN])
def test_keys_hand_the_caller_over_on_either_line(on: LegId) -> None:
    hall = Hall(BORIS)
    assert hall.types(60, "*71") == []
    hall.consults(63)
    said = hall.types(90, "*71", on=on)
    assert hung_up(said) == {TALK, OWN}
    (joined,) = [each for each in said if isinstance(each, JoinBridge)]
    assert joined.legs == (LegId(CALL), ADVICE)
    assert hall.notes == [(ANNA, BORIS, None)]
