"""
An agent sends his caller on, or asks a colleague for advice first (`transfer.py` says how).

Whoever asked for it (a phone's Transfer button, a code, a program), the same functions do it; who
asked, and whether it can be done, is settled before in `talk_requests.py`.

Rule 1: every transfer leaves a note on the call: who, where to, why.
Rule 2: an agent who asks on his only line is back with his caller when the advice is over; if he
hangs up instead, his caller is the colleague's.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.commands import JoinBridge
from ekc_telephony.core.call.facts import NoteKind, SegmentOutcome
from ekc_telephony.core.engine import attention
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import AdviceState, TransferState
from ekc_telephony.core.engine.transfer import Target, ToAgent, ToNumber, ToQueue, name_of
from ekc_telephony.core.kernel.ids import AgentId, LegId


def send_on(
    course: Course, target: Target, now: datetime, *, reason: str | None = None
) -> list[SessionEffect]:
    """
    Let the caller wait for the target instead of talking; his clock goes on.

    The agent's leg is not hung up on: that is left to whoever answers him.

    Args:
        course: The call, in a talk of one agent.
        target: Who can be had now.
        now: The moment.
        reason: Why, in the agent's words.
    """
    talk = course.desk.talk
    assert talk is not None
    noted = course.chronicle.noted(
        NoteKind.ROUTED, now, agent=talk.agent, target=name_of(target), reason=reason
    )
    effects = [noted, *course.advice.end(now)]
    *ended, conversation_ended = course.end_talk(SegmentOutcome.TRANSFERRED, now)
    only = target.agent if isinstance(target, ToAgent) else None
    course.desk.transfer = TransferState(sender=talk.agent, to=only)
    if isinstance(target, ToNumber):
        dialled = course.dial_outside(target.number, now)
        return [*effects, *ended, *dialled, conversation_ended]
    if isinstance(target, ToQueue):
        course.queue = target.queue
        course.skills, course.priority = {}, 0  # his script asked for them for another queue
    return [*effects, *ended, *course.wait_again(now, only=only), conversation_ended]


def hand_over(course: Course, now: datetime, *, reason: str | None = None) -> list[SessionEffect]:
    """
    Connect the caller with the agent who gives advice.

    The asker's legs are not hung up on: that is left to whoever answers him.
    """
    talk, advice = course.desk.talk, course.advice.state
    assert talk is not None
    assert advice is not None
    noted = course.chronicle.noted(
        NoteKind.ROUTED, now, agent=talk.agent, target=advice.agent, reason=reason
    )
    return [
        noted,
        *course.supervision.end_all(now),
        *course.ear.hush(),
        *course.advice.become_talk(SegmentOutcome.TRANSFERRED, now),
        *course.desk.pass_on(
            advice.agent, advice.leg, course.queue, now, is_recorded=course.is_recorded
        ),
        *attention.talk_began(course, now),
    ]


def advice_asked(
    course: Course, asker_leg: LegId, agent: AgentId, now: datetime
) -> list[SessionEffect]:
    """
    Ring an agent whom the one who talks to the caller wants to ask.

    Args:
        course: The call.
        asker_leg: His second leg, or the one on which he talks to the caller.
        agent: Whom he asks.
        now: The moment.
    """
    talk = course.desk.talk
    assert talk is not None
    bridge = course.desk.new_bridge()
    wanted = AdviceState(
        asker=talk.agent,
        asker_leg=asker_leg,
        agent=agent,
        leg=LegId(f"{course.call}-advice-{course.desk.talks}"),
        bridge=bridge,
        lapses_at=None,
        is_on_one_line=asker_leg == talk.leg,
    )
    title = "" if course.queue is None else course.spec().title
    return course.advice.ask(wanted, title, now)


def advice_answered(course: Course, now: datetime) -> list[SessionEffect]:
    """Let both talk; the caller of an asker with one line hears music meanwhile."""
    advice = course.advice.state
    effects: list[SessionEffect] = []
    if advice is not None and advice.is_on_one_line:
        # Whoever has joined the talk would be left alone with the caller.
        effects = [*course.supervision.end_all(now), *course.ear.play_music()]
    return [*effects, *course.advice.answered(now)]


def advice_over(course: Course, now: datetime, *, gone: LegId | None = None) -> list[SessionEffect]:
    """End the advice, whoever ended it; an asker with one line is back with his caller."""
    advice, talk = course.advice.state, course.desk.talk
    comes_back = advice is not None and advice.is_on_one_line and course.advice.is_given
    effects = course.advice.end(now, gone=gone)
    if not comes_back or talk is None:
        return [*effects, *attention.agent_came(course, now)]
    attention.begin_anew(course, now)
    back = JoinBridge(call=course.call, bridge=talk.bridge, legs=(talk.leg,))
    return [*effects, *course.ear.hush(), back]
