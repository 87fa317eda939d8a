"""Three can talk; each of the two operators is charged with his own part, and wraps up."""

from __future__ import annotations

from typing import Final

import pytest

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    CreateBridge,
    DestroyBridge,
    JoinBridge,
    StartRecording,
    TransferResult,
)
from ekc_telephony.core.call.events import (
    CommandFailed,
    ControlLost,
    ControlRegained,
    EndReason,
    FeatureDialled,
    LegEnded,
    TransferAsked,
    TransferMode,
    TransferOrdered,
)
from ekc_telephony.core.call.facts import CallEnded, SegmentKind, SegmentOutcome
from ekc_telephony.core.call.presence import Activity
from ekc_telephony.core.engine.talk_requests import Obstacle
from ekc_telephony.core.kernel.ids import BridgeId, Did, LegId
from ekc_telephony.core.queue_log.ledger import QueueLedger
from ekc_telephony.core.stats.from_facts import records_of
from ekc_telephony.core.stats.parts import parts_of, service_time
from ekc_telephony.core.stats.passport import HungUpBy, passport_of
from tests.core.engine.hall import ADVICE, CALL, OWN, TALK, Hall, answers, at, hung_up, live
from tests.core.office import ANNA, BORIS, CLARA, URGENT, restored_engine, seconds

THIRD: Final = LegId("ekc1-1.3")
"""One more line of Anna's."""
TOGETHER: Final = BridgeId(f"{CALL}-talk-3")


def conference(*, on: LegId = OWN) -> Hall:
    """Let all three talk since the 90th second."""
    hall = Hall(BORIS)
    hall.consults(63)
    hall.types(90, "*73", on=on)
    return hall


@pytest.mark.parametrize(("on", "gone"), [(OWN, TALK), (TALK, OWN)])
def test_all_three_are_in_one_recorded_bridge_on_the_line_where_it_was_asked_for(
    on: LegId, gone: LegId
) -> None:
    hall = Hall(BORIS)
    hall.consults(63)
    said = hall.types(90, "*73", on=on)
    bridges = [each for each in said if isinstance(each, (CreateBridge, DestroyBridge))]
    assert [type(each) for each in bridges] == [DestroyBridge, DestroyBridge, CreateBridge]
    joined = [each for each in said if isinstance(each, JoinBridge)]
    assert {each.bridge for each in joined} == {TOGETHER}
    assert {leg for each in joined for leg in each.legs} == {LegId(CALL), on, ADVICE}
    assert [each.bridge for each in said if isinstance(each, StartRecording)] == [TOGETHER]
    assert hung_up(said) == {gone}
    assert hall.goes(90.1, gone) == []
    assert hall.notes == [(ANNA, BORIS, None)]


def test_each_operator_is_charged_with_his_own_part_of_a_conference() -> None:
    hall = conference()
    hall.goes(120, OWN)
    assert (hall.activity(ANNA), hall.activity(BORIS)) == (Activity.WRAP_UP, Activity.TALKING)
    hall.goes(150, LegId(CALL))
    hall.pass_time(200)
    assert hall.talks() == [
        (ANNA, 117.0, SegmentOutcome.TRANSFERRED),
        (BORIS, 60.0, SegmentOutcome.CALLER_HUNG_UP),
    ]
    assert hall.wrapped_up() == [ANNA, BORIS]
    (call,) = records_of(hall.facts).calls
    advice = [each for each in call.segments if each.kind is SegmentKind.CONSULTATION]
    assert {each.outcome for each in advice} == {SegmentOutcome.JOINED}
    assert {each.ended_at for each in advice} == {at(90)}
    assert [each.agent for each in parts_of(call).handlings] == [ANNA, BORIS]
    assert not hall.engine.sessions
    assert {each.activity for each in hall.engine.acd.agents.values()} == {Activity.IDLE}


def test_the_colleague_may_leave_first_and_the_caller_was_answered_once_as_long() -> None:
    hall = conference()
    assert hung_up(hall.goes(120, ADVICE)) == set()
    assert (hall.activity(ANNA), hall.activity(BORIS)) == (Activity.TALKING, Activity.WRAP_UP)
    hall.goes(150, LegId(CALL))
    hall.pass_time(200)
    assert hall.talks() == [
        (ANNA, 147.0, SegmentOutcome.CALLER_HUNG_UP),
        (BORIS, 30.0, SegmentOutcome.COMPLETED),
    ]
    (call,) = records_of(hall.facts).calls
    assert passport_of(call).hung_up_by is HungUpBy.CALLER
    assert passport_of(call).in_talk == seconds(147)
    service = service_time(call)
    assert service is not None
    assert [step.answered for step in service.steps] == [seconds(147), seconds(0)]


def test_the_caller_who_leaves_ends_it_for_all() -> None:
    hall = conference()
    said = hall.goes(120, LegId(CALL))
    assert hung_up(said) == {OWN, ADVICE}
    assert (hall.activity(ANNA), hall.activity(BORIS)) == (Activity.WRAP_UP, Activity.WRAP_UP)
    outcomes = {outcome for _, _, outcome in hall.talks()}
    assert outcomes == {SegmentOutcome.CALLER_HUNG_UP}


@pytest.mark.parametrize("leg", [OWN, ADVICE])
def test_a_phone_that_dies_leaves_the_other_two_together(leg: LegId) -> None:
    hall = conference()
    hall.tell(120, LegEnded(leg=leg, reason=EndReason.FAILED))
    assert SegmentOutcome.BROKEN in {outcome for _, _, outcome in hall.talks()}
    rest = ADVICE if leg == OWN else OWN
    assert hung_up(hall.goes(130, rest)) == {LegId(CALL)}


def test_who_is_left_may_send_the_caller_on_and_ask_for_advice_again() -> None:
    hall = conference()
    hall.goes(120, OWN)
    hall.pass_time(140)
    said = hall.tell(141, FeatureDialled(leg=THIRD, agent=BORIS, code="anna"))
    assert not hung_up(said)
    assert hall.activity(ANNA) is Activity.RESERVED


def test_nobody_is_sent_on_from_a_conference() -> None:
    hall = conference()
    blind = TransferAsked(leg=OWN, target="clara", is_attended=False)
    assert answers(hall.tell(100, blind)) == [(OWN, TransferResult.UNAVAILABLE)]
    assert hall.types(101, "*71", on=OWN) == []
    for agent, obstacle in ((ANNA, Obstacle.CONFERENCE_GOES_ON), (BORIS, Obstacle.NOT_TALKING)):
        order = TransferOrdered(agent=agent, mode=TransferMode.BLIND, target="second")
        assert hall.engine.obstacle_to(order) is obstacle
        assert hall.tell(102, order) == []


def test_a_conference_asked_for_on_a_third_line_goes_on_there() -> None:
    hall = Hall(BORIS)
    hall.consults(63)
    said = hall.tell(90, FeatureDialled(leg=THIRD, agent=ANNA, code="*73"))
    assert isinstance(said[0], AnswerLeg)
    assert said[0].leg == THIRD
    assert hung_up(said) == {TALK, OWN}
    hall.goes(91, TALK)
    hall.goes(91, OWN)
    hall.goes(120, THIRD)
    assert hall.activity(ANNA) is Activity.WRAP_UP


@pytest.mark.parametrize(
    ("gone", "row"), [(OWN, ("ATTENDEDTRANSFER", "117")), (ADVICE, ("COMPLETECALLER", "147"))]
)
def test_the_queue_log_ends_a_conference_once_by_who_stays(
    gone: LegId, row: tuple[str, str]
) -> None:
    hall = conference()
    hall.goes(120, gone)
    hall.goes(150, LegId(CALL))
    ledger = QueueLedger({ANNA: [URGENT], BORIS: [URGENT]})
    rows = [row for fact in hall.facts for row in ledger.rows(fact)]
    ends = [each for each in rows if each.event.value.startswith(("COMPLETE", "ATTENDED"))]
    lasted = -2  # of both rows the talk's length is the last field but one
    assert [(each.agent, each.event.value, each.fields[lasted]) for each in ends] == [
        ("PJSIP/anna", *row)
    ]


@pytest.mark.parametrize("gone", [None, OWN, ADVICE])
def test_another_engine_goes_on_with_a_conference_and_with_what_is_left_of_it(
    gone: LegId | None,
) -> None:
    hall = conference()
    state = hall.engine.state()
    hall.engine = restored_engine(state, at(100))
    legs = (
        live(LegId(CALL), TOGETHER, did=Did("200")),
        live(OWN, TOGETHER, agent=ANNA),
        live(ADVICE, TOGETHER, agent=BORIS),
    )
    there = tuple(each for each in legs if each.leg != gone)
    regained = ControlRegained(legs=there, bridges=frozenset({TOGETHER}))
    said = hall.tell(100, regained)
    assert not [each for each in said if isinstance(each, (DestroyBridge, CallEnded))]
    talking = {ANNA, BORIS} - ({ANNA} if gone == OWN else {BORIS} if gone == ADVICE else set())
    agents = hall.engine.acd.agents.values()
    assert {each.agent_id for each in agents if each.activity is Activity.TALKING} == talking
    hall.goes(130, LegId(CALL))
    hall.pass_time(200)
    assert sorted(agent or "" for agent in hall.wrapped_up()) == [ANNA, BORIS]
    assert not hall.engine.sessions


def test_a_conference_half_made_when_we_went_blind_is_made_again() -> None:
    hall = conference()
    hall.tell(91, ControlLost())
    legs = (
        live(LegId(CALL), TOGETHER, did=Did("200")),
        live(OWN, TOGETHER, agent=ANNA),
        live(ADVICE, None, agent=BORIS),
    )
    said = hall.tell(95, ControlRegained(legs=legs, bridges=frozenset({TOGETHER})))
    joined = [each for each in said if isinstance(each, JoinBridge)]
    assert {leg for each in joined for leg in each.legs} == {LegId(CALL), OWN, ADVICE}


# --- advice on one line, as a program asks for it


def ordered(hall: Hall, second: float, mode: TransferMode, to: str = "") -> Obstacle | None:
    """Let a program order something for Anna; return what stands against it."""
    order = TransferOrdered(agent=ANNA, mode=mode, target=to, reason="needs a specialist")
    obstacle = hall.engine.obstacle_to(order)
    hall.tell(second, order)
    return obstacle


def advised() -> Hall:
    """Let Anna, who has one line, talk to Boris since the 63rd second."""
    hall = Hall(BORIS)
    assert ordered(hall, 60, TransferMode.CONSULT, "boris") is None
    hall.answers_advice(63)
    return hall


def test_an_operator_with_one_line_is_moved_to_his_colleague_and_back() -> None:
    hall = advised()
    joined = [each for each in hall.said if isinstance(each, JoinBridge)]
    assert joined[-1].legs == (TALK, ADVICE)
    said = hall.goes(80, ADVICE)
    (back,) = [each for each in said if isinstance(each, JoinBridge)]
    assert (back.bridge, back.legs) == (BridgeId(f"{CALL}-talk-1"), (TALK,))
    assert hung_up(said) == set()
    kinds = [type(each).__name__ for each in hall.said]
    assert kinds.count("StartMusic") == kinds.count("StopMusic") == 1
    assert hall.notes == []


def test_an_operator_with_one_line_hands_over() -> None:
    hall = advised()
    assert ordered(hall, 90, TransferMode.HAND_OVER) is None
    assert hung_up(hall.said) == {TALK}
    assert hall.notes == [(ANNA, BORIS, "needs a specialist")]
    hall.goes(120, LegId(CALL))
    assert hall.talks() == [
        (ANNA, 87.0, SegmentOutcome.TRANSFERRED),
        (BORIS, 30.0, SegmentOutcome.CALLER_HUNG_UP),
    ]


def test_who_hangs_up_on_his_only_line_hands_over_and_cuts_nobody_off() -> None:
    hall = advised()
    said = hall.goes(90, TALK)
    assert hung_up(said) == set()
    assert hall.activity(BORIS) is Activity.TALKING
    assert hall.notes == [(ANNA, BORIS, None)]


def test_an_operator_with_one_line_makes_a_conference() -> None:
    hall = advised()
    assert ordered(hall, 90, TransferMode.CONFERENCE) is None
    assert hung_up(hall.said) == set()
    hall.goes(120, ADVICE)
    assert hall.activity(ANNA) is Activity.TALKING


@pytest.mark.parametrize("is_known", [True, False])
def test_advice_on_one_line_survives_a_time_of_blindness(*, is_known: bool) -> None:
    hall = Hall(BORIS)
    ordered(hall, 60, TransferMode.CONSULT, "boris")
    if is_known:
        hall.answers_advice(63)
    hall.tell(64, ControlLost())
    talk, advice = BridgeId(f"{CALL}-talk-1"), BridgeId(f"{CALL}-talk-2")
    legs = (
        live(LegId(CALL), talk, did=Did("200")),
        live(TALK, advice, agent=ANNA),
        live(ADVICE, advice, agent=BORIS),
    )
    said = hall.tell(66, ControlRegained(legs=legs, bridges=frozenset({talk, advice})))
    assert not [each for each in said if isinstance(each, DestroyBridge)]
    assert hung_up(said) == set()
    assert hall.activity(BORIS) is Activity.TALKING


def test_an_operator_with_one_line_who_cannot_be_put_together_is_back_with_his_caller() -> None:
    hall = advised()
    join = [each for each in hall.said if isinstance(each, JoinBridge)][-1]
    said = hall.tell(64, CommandFailed(command=join, is_gone=False, detail="500"))
    assert [each.legs for each in said if isinstance(each, JoinBridge)] == [(TALK,)]
    assert hall.activity(BORIS) is Activity.IDLE
    assert not [each for each in hall.facts if isinstance(each, CallEnded)]


def test_a_program_is_told_what_stands_against_it() -> None:
    hall = Hall(BORIS)
    assert ordered(hall, 60, TransferMode.HAND_OVER) is Obstacle.NO_ADVICE
    assert ordered(hall, 60, TransferMode.BLIND, "clara") is Obstacle.CANNOT_BE_HAD
    assert ordered(hall, 60, TransferMode.CONSULT, "112") is Obstacle.NOBODY_HAS_IT
    assert ordered(hall, 60, TransferMode.CONSULT, "vera") is Obstacle.CANNOT_BE_HAD
    assert ordered(hall, 60, TransferMode.CONSULT, "boris") is None
    assert ordered(hall, 61, TransferMode.CONSULT, "boris") is Obstacle.ADVICE_GOES_ON
    assert ordered(hall, 61, TransferMode.CONFERENCE) is Obstacle.NO_ADVICE
    nobody = TransferOrdered(agent=CLARA, mode=TransferMode.BLIND, target="second")
    assert hall.engine.obstacle_to(nobody) is Obstacle.NOT_TALKING
    assert hall.tell(62, nobody) == []
