"""
Whatever way a caller goes from one operator to the next, each of them is charged with his own part.

Elsewhere an attended transfer leaves one agent talking for an hour, another without a call, and the
queue's log without an end. Here every second of a call belongs to whom it was spent with.
"""

from __future__ import annotations

from typing import Final

import pytest

from ekc_telephony.core.call.commands import (
    AnswerTransfer,
    Command,
    CreateBridge,
    DestroyBridge,
    DialNumber,
    HangUpLeg,
    JoinBridge,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    CallArrived,
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    FeatureDialled,
    LegAnswered,
    LegEnded,
    PresenceDeclared,
)
from ekc_telephony.core.call.facts import CallEnded, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.kernel.ids import BridgeId, CallId, Did, LegId
from ekc_telephony.core.queue_log.ledger import QueueLedger
from ekc_telephony.core.stats.from_facts import records_of
from ekc_telephony.core.stats.parts import parts_of
from tests.core.engine.hall import ADVICE, CALL, OWN, TALK, Hall, answers, at, hung_up, live, rung
from tests.core.office import (
    ANNA,
    BORIS,
    CLARA,
    NOON,
    SECOND,
    URGENT,
    VERA,
)


def test_an_attended_transfer_charges_each_with_his_own_minutes() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    hall.tell(63, LegAnswered(leg=ADVICE))
    hall.hands_over(90)
    hall.goes(90.1, TALK)
    hall.goes(90.2, OWN)
    hall.goes(120, LegId(CALL))
    hall.pass_time(200)
    assert hall.talks() == [
        (ANNA, 87.0, SegmentOutcome.TRANSFERRED),
        (BORIS, 30.0, SegmentOutcome.CALLER_HUNG_UP),
    ]
    assert hall.wrapped_up() == [ANNA, BORIS]
    (call,) = records_of(hall.facts).calls
    advice = [each for each in call.segments if each.kind is SegmentKind.CONSULTATION]
    assert [each.agent for each in advice] == [ANNA, BORIS]
    assert {each.started_at for each in advice} == {at(63)}
    assert {each.ended_at for each in advice} == {at(90)}
    handled = parts_of(call).handlings
    assert [each.agent for each in handled] == [ANNA, BORIS]
    assert [each.activity for each in hall.engine.acd.agents.values()] == [Activity.IDLE] * 4
    assert not hall.engine.sessions


def test_the_queue_log_lets_go_of_a_caller_with_his_attended_transfer() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    hall.tell(63, LegAnswered(leg=ADVICE))
    hall.hands_over(90)
    hall.goes(120, LegId(CALL))
    ledger = QueueLedger({ANNA: [URGENT], BORIS: [URGENT]})
    rows = [row for fact in hall.facts for row in ledger.rows(fact) if row.call == CALL]
    assert [(row.agent, row.event.value) for row in rows[2:]] == [
        ("PJSIP/anna", "CONNECT"),
        ("PJSIP/anna", "ATTENDEDTRANSFER"),
    ]
    assert rows[-1].fields == ("BRIDGE", CALL, "3", "87", "1")


@pytest.mark.parametrize(("on", "to"), [(TALK, OWN), (OWN, TALK)])
def test_the_phone_may_ask_on_either_of_its_two_legs(on: LegId, to: LegId) -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    hall.tell(63, LegAnswered(leg=ADVICE))
    said = hall.hands_over(90, on=on, to=to)
    assert answers(said) == [(on, TransferResult.ACCEPTED)]
    gone = {each.leg for each in said if isinstance(each, HangUpLeg)}
    assert gone == {TALK, OWN}
    (joined,) = [each for each in said if isinstance(each, JoinBridge)]
    assert joined.legs == (LegId(CALL), ADVICE)


def test_the_old_bridges_are_dissolved_before_the_new_one_is_made() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    hall.tell(63, LegAnswered(leg=ADVICE))
    said = hall.hands_over(90)
    bridges = [each for each in said if isinstance(each, (CreateBridge, DestroyBridge))]
    assert [type(each) for each in bridges] == [DestroyBridge, DestroyBridge, CreateBridge]


def test_a_colleague_whose_phone_still_rings_cannot_be_handed_a_caller() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    assert answers(hall.hands_over(61)) == [(TALK, TransferResult.UNAVAILABLE)]
    assert hall.activity(ANNA) is Activity.TALKING
    hall.tell(63, LegAnswered(leg=ADVICE))
    assert answers(hall.hands_over(64)) == [(TALK, TransferResult.ACCEPTED)]


@pytest.mark.parametrize("consulted", [None, LegId("somebody-else's"), TALK, ADVICE])
def test_a_transfer_to_a_leg_that_is_not_hers_is_declined(consulted: LegId | None) -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    hall.tell(63, LegAnswered(leg=ADVICE))
    assert answers(hall.hands_over(90, to=consulted)) == [(TALK, TransferResult.DECLINED)]
    assert hall.activity(BORIS) is Activity.TALKING


@pytest.mark.parametrize("whom", ["boris", "vera", "second", "77", "anna"])
def test_a_blind_transfer_in_vain_changes_nothing(whom: str) -> None:
    hall = Hall()
    said = hall.transfers(60, whom)
    lane = CallId(TALK)
    assert said == [AnswerTransfer(call=lane, leg=TALK, result=TransferResult.UNAVAILABLE)]


@pytest.mark.parametrize("is_given", [True, False])
def test_a_blind_transfer_to_the_colleague_on_the_other_line_rings_him_anew(
    *, is_given: bool
) -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    if is_given:
        hall.tell(63, LegAnswered(leg=ADVICE))
    said = hall.transfers(70, "boris")
    assert answers(said) == [(TALK, TransferResult.ACCEPTED)]
    assert {each.leg for each in said if isinstance(each, HangUpLeg)} == {TALK, OWN, ADVICE}
    assert rung(said) == [BORIS]


def test_a_transfer_asked_for_twice_is_made_once() -> None:
    hall = Hall(BORIS)
    hall.transfers(60, "boris")
    assert hall.transfers(60.1, "boris") == []
    hall.goes(60.2, TALK)
    assert hall.transfers(60.3, "boris") == []


def test_short_numbers_reach_operators_and_queues() -> None:
    directory = Directory(agents={"101": BORIS}, queues={"200": SECOND})
    assert rung(Hall(BORIS, directory=directory).transfers(60, "101")) == [BORIS]
    assert rung(Hall(VERA, directory=directory).transfers(60, "200")) == [VERA]
    assert rung(Hall(VERA, directory=directory).asks(60, "200")) == [VERA]


def test_whom_a_caller_was_sent_to_is_rung_though_another_is_free_for_longer() -> None:
    assert rung(Hall(BORIS, CLARA).transfers(60, "clara")) == [CLARA]


def test_a_caller_sent_on_keeps_his_age() -> None:
    hall = Hall(VERA)
    hall.transfers(60, "second")
    place = hall.engine.acd.place(CALL)
    assert place is not None
    assert (place.queue, place.joined_at) == (SECOND, NOON)


def test_who_is_asked_for_advice_is_offered_nobody_else() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    other = CallArrived(call=CallId("ekc1-1.9"), did=Did("200"), number=None)
    assert rung(hall.tell(61, other)) == []
    assert rung(hall.goes(62, OWN)) == [BORIS]


def test_advice_needs_a_caller_and_is_asked_for_once() -> None:
    hall = Hall(BORIS, CLARA)
    alone = FeatureDialled(leg=LegId("alone"), agent=CLARA, code="boris")
    assert rung(hall.tell(50, alone)) == []
    hall.asks(60, "boris")
    again = FeatureDialled(leg=LegId("third"), agent=ANNA, code="clara")
    assert rung(hall.tell(61, again)) == []


def test_a_caller_of_whom_advice_was_asked_and_who_hung_up_leaves_nobody_busy() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    said = hall.goes(61, LegId(CALL))
    assert {each.leg for each in said if isinstance(each, HangUpLeg)} == {TALK, OWN, ADVICE}
    assert hall.activity(BORIS) is Activity.IDLE


def test_two_agents_who_cannot_be_put_together_cost_the_caller_nothing() -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    said = hall.tell(63, LegAnswered(leg=ADVICE))
    (join,) = [each for each in said if isinstance(each, JoinBridge)]
    hall.tell(63.1, CommandFailed(command=join, is_gone=False, detail="500"))
    assert hall.activity(ANNA) is Activity.TALKING
    assert hall.activity(BORIS) is Activity.IDLE
    assert not [each for each in hall.facts if isinstance(each, CallEnded)]


@pytest.mark.parametrize(("is_given", "is_known"), [(True, True), (True, False), (False, False)])
def test_advice_survives_a_time_of_blindness_when_it_is_given(
    *, is_given: bool, is_known: bool
) -> None:
    hall = Hall(BORIS)
    hall.asks(60, "boris")
    if is_known:
        hall.tell(63, LegAnswered(leg=ADVICE))
    hall.tell(64, ControlLost())
    talk, advice = BridgeId(f"{CALL}-talk-1"), BridgeId(f"{CALL}-talk-2")
    in_advice = advice if is_given else None
    hall.tell(
        66,
        ControlRegained(
            legs=(
                live(LegId(CALL), talk, did=Did("200")),
                live(TALK, talk, agent=ANNA),
                live(OWN, in_advice, agent=ANNA, is_answered=is_given),
                live(ADVICE, in_advice, agent=BORIS, is_answered=is_given),
            ),
            bridges=frozenset({talk, advice}),
        ),
    )
    assert hall.activity(ANNA) is Activity.TALKING
    assert hall.activity(BORIS) is (Activity.TALKING if is_given else Activity.IDLE)
    gone = {each.leg for each in hall.said if isinstance(each, HangUpLeg)}
    assert gone == (set() if is_given else {OWN, ADVICE})


OUTSIDE: Final = LegId(f"{CALL}-outside-2")
"""The leg of the number outside."""
ALLOWED: Final = Directory(outside=frozenset({"112"}))


def test_a_number_outside_that_is_not_allowed_is_not_dialled() -> None:
    hall = Hall(directory=ALLOWED)
    assert answers(hall.transfers(60, "112113")) == [(TALK, TransferResult.UNAVAILABLE)]
    said = hall.transfers(61, "112")
    assert [each.number for each in said if isinstance(each, DialNumber)] == ["112"]


def test_a_talk_outside_is_in_nobodys_talk_time() -> None:
    hall = Hall(directory=ALLOWED)
    hall.transfers(60, "112")
    hall.tell(70, LegAnswered(leg=OUTSIDE))
    hall.goes(300, LegId(CALL))
    assert hall.talks() == [(ANNA, 57.0, SegmentOutcome.TRANSFERRED)]
    (call,) = records_of(hall.facts).calls
    (outside,) = [each for each in call.segments if each.kind is SegmentKind.OUTSIDE]
    assert (outside.agent, outside.started_at) == (None, at(60))
    assert outside.outcome is SegmentOutcome.CALLER_HUNG_UP
    assert not hall.engine.sessions


@pytest.mark.parametrize("reason", EndReason)
def test_a_number_outside_that_does_not_answer_gives_the_caller_back(reason: EndReason) -> None:
    hall = Hall(BORIS, directory=ALLOWED)
    hall.transfers(60, "112")
    hall.tell(80, LegEnded(leg=OUTSIDE, reason=reason))
    assert hall.activity(ANNA) is Activity.RESERVED
    assert hall.activity(BORIS) is Activity.IDLE


def test_a_number_outside_that_cannot_be_dialled_gives_the_caller_back() -> None:
    hall = Hall(directory=ALLOWED)
    said = hall.transfers(60, "112")
    (dial,) = [each for each in said if isinstance(each, DialNumber)]
    hall.tell(60.1, CommandFailed(command=dial, is_gone=False, detail="no route"))
    place = hall.engine.acd.place(CALL)
    assert place is not None
    assert (place.queue, place.joined_at, place.preferred) == (URGENT, NOON, ANNA)


def test_a_line_that_breaks_outside_gives_the_caller_back() -> None:
    hall = Hall(directory=ALLOWED)
    hall.transfers(60, "112")
    hall.tell(70, LegAnswered(leg=OUTSIDE))
    hall.tell(100, LegEnded(leg=OUTSIDE, reason=EndReason.FAILED))
    assert hall.activity(ANNA) is Activity.RESERVED


def test_who_answers_outside_while_nobody_sees_it_is_connected_afterwards() -> None:
    hall = Hall(directory=ALLOWED)
    hall.transfers(60, "112")
    hall.tell(61, ControlLost())
    said = hall.tell(
        66,
        ControlRegained(
            legs=(live(LegId(CALL), None, did=Did("200")), live(OUTSIDE, None)),
            bridges=frozenset(),
        ),
    )
    (joined,) = [each for each in said if isinstance(each, JoinBridge)]
    assert joined.legs == (LegId(CALL), OUTSIDE)


def test_a_sender_who_has_left_is_not_waited_for() -> None:
    hall = Hall(BORIS, CLARA)
    hall.transfers(60, "boris")
    hall.goes(60.1, TALK)
    hall.tell(61, PresenceDeclared(agent=ANNA, presence=Presence.SIGNED_OUT))
    refused = LegEnded(leg=LegId(f"{CALL}-offer-2"), reason=EndReason.BUSY)
    assert rung(hall.tell(62, refused)) == [CLARA]


def test_a_sender_who_leaves_while_his_caller_waits_for_him_is_not_waited_for_any_longer() -> None:
    hall = Hall(BORIS, CLARA)
    hall.transfers(60, "boris")
    refused = LegEnded(leg=LegId(f"{CALL}-offer-2"), reason=EndReason.BUSY)
    assert rung(hall.tell(61, refused)) == []
    left = PresenceDeclared(agent=ANNA, presence=Presence.SIGNED_OUT)
    assert rung(hall.tell(62, left)) == [CLARA]


def test_who_hangs_up_while_he_is_sent_on_was_answered() -> None:
    hall = Hall(BORIS)
    hall.transfers(60, "boris")
    hall.goes(70, LegId(CALL))
    (ended,) = [each for each in hall.facts if isinstance(each, CallEnded)]
    assert ended.outcome.value == "answered"


@pytest.mark.parametrize("is_attended", [True, False])
def test_the_phone_reads_the_answer_before_it_is_hung_up_on_and_nobody_else_waits_for_it(
    *, is_attended: bool
) -> None:
    hall = Hall(BORIS)
    if is_attended:
        hall.consults(60)
    said = hall.hands_over(70, on=OWN, to=TALK) if is_attended else hall.transfers(70, "boris")
    asked_on = OWN if is_attended else TALK
    lane = [each for each in said if isinstance(each, Command) and each.call == CallId(asked_on)]
    assert [type(each) for each in lane] == [AnswerTransfer, *[HangUpLeg] * (len(lane) - 1)]
    assert hung_up(lane) == hung_up(said) == ({TALK, OWN} if is_attended else {TALK})
