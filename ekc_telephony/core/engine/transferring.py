"""
An agent sends his caller on, or asks a colleague for advice first (`transfer.py` says how).

Rule 1: every request of a phone is answered, exactly once.
Rule 2: a caller is sent nowhere in vain: nothing changes when whom he is sent to cannot be had.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.commands import AnswerTransfer, TransferResult
from ekc_telephony.core.call.facts import SegmentOutcome
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.desk import SessionEffect
from ekc_telephony.core.engine.state import AdviceState, OutsideState, Phase, TransferState
from ekc_telephony.core.engine.transfer import Target, ToAgent, ToNumber, ToQueue
from ekc_telephony.core.kernel.ids import AgentId, LegId


def transfer_asked(
    course: Course, leg: LegId, target: Target | None, now: datetime
) -> list[SessionEffect]:
    """
    Send the caller on, as the agent who talks to him asks for; his clock goes on.

    Args:
        course: The call.
        leg: The agent's leg.
        target: Who can be had now; None when whom the agent wants cannot.
        now: The moment.
    """
    talk = course.desk.talk
    if talk is None or leg != talk.leg:
        others = (*course.advice.legs(), *course.supervision.legs())
        return _decline(course, leg) if leg in others else []
    if target is None or (course.queue is None and not isinstance(target, ToQueue)):
        return _answer(course, leg, TransferResult.UNAVAILABLE)
    effects = [
        *_answer(course, leg, TransferResult.ACCEPTED),
        *course.advice.end(now),
        *course.desk.hang_up_on_agent(),
    ]
    *ended, conversation_ended = course.end_talk(SegmentOutcome.TRANSFERRED, now)
    only = target.agent if isinstance(target, ToAgent) else None
    course.desk.transfer = TransferState(sender=talk.agent, to=only)
    if isinstance(target, ToNumber):
        dialled = _dial_outside(course, target.number, now)
        return [*effects, *ended, *dialled, conversation_ended]
    if isinstance(target, ToQueue):
        course.queue = target.queue
    return [*effects, *ended, *course.wait_again(now, only=only), conversation_ended]


def _dial_outside(course: Course, number: str, now: datetime) -> list[SessionEffect]:
    course.phase = Phase.OUTSIDE
    bridge = course.desk.new_bridge()
    wanted = OutsideState(
        number=number,
        leg=LegId(f"{course.call}-outside-{course.desk.talks}"),
        bridge=bridge,
        lapses_at=None,
    )
    return course.outside.dial(wanted, now)


def attended_transfer_asked(
    course: Course, leg: LegId, consulted: LegId | None, now: datetime
) -> list[SessionEffect]:
    """Connect the caller with the agent who gives advice, as the one who asked for it wants."""
    talk, advice = course.desk.talk, course.advice.state
    legs = {*course.advice.legs(), *course.supervision.legs()}
    if talk is None or leg not in {talk.leg, *legs}:
        return []
    if advice is None or {leg, consulted} != {talk.leg, advice.asker_leg}:
        return _decline(course, leg)
    if not course.advice.is_given:
        return _answer(course, leg, TransferResult.UNAVAILABLE)
    is_recorded = course.queue is not None and course.spec().is_recorded
    return [
        *_answer(course, leg, TransferResult.ACCEPTED),
        *course.supervision.end_all(now),
        *course.advice.pass_on(now),
        *course.desk.pass_on(advice.agent, advice.leg, course.queue, now, is_recorded=is_recorded),
    ]


def _decline(course: Course, leg: LegId) -> list[SessionEffect]:
    return _answer(course, leg, TransferResult.DECLINED)


def _answer(course: Course, leg: LegId, result: TransferResult) -> list[SessionEffect]:
    return [AnswerTransfer(call=course.call, leg=leg, result=result)]


def advice_asked(
    course: Course, asker_leg: LegId, agent: AgentId, now: datetime
) -> list[SessionEffect]:
    """Ring an agent whom the one who talks to the caller wants to ask."""
    assert course.desk.talk is not None
    bridge = course.desk.new_bridge()
    wanted = AdviceState(
        asker=course.desk.talk.agent,
        asker_leg=asker_leg,
        agent=agent,
        leg=LegId(f"{course.call}-advice-{course.desk.talks}"),
        bridge=bridge,
        lapses_at=None,
    )
    title = "" if course.queue is None else course.spec().title
    return course.advice.ask(wanted, title, now)
