"""
A conference of three: the caller, the agent who talks to him, and the colleague who was asked.

    caller ─┐
    agent ──┼── one bridge, recorded
    colleague ┘

It is the caller's talk still, in a new bridge, on whichever line the agent asked for it. Each of
the two agents has a talk segment of his own and wraps up when he has left.

Rule 1: when one of the two agents leaves, the other one goes on with the caller.
Rule 2: when the caller leaves, it is over for all.
Rule 3: nobody is sent on from a conference; one of the two hangs up, and the other one may.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.commands import HangUpLeg
from ekc_telephony.core.call.events import EndReason
from ekc_telephony.core.call.facts import NoteKind, SegmentOutcome
from ekc_telephony.core.engine import attention
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import ColleagueState
from ekc_telephony.core.kernel.ids import LegId


def begin(
    course: Course, on: LegId, now: datetime, *, reason: str | None = None
) -> list[SessionEffect]:
    """
    Let all three talk.

    Args:
        course: A call in which advice is given.
        on: The asker's line that goes on; his others are hung up.
        now: The moment.
        reason: Why, in the agent's words.
    """
    talk, advice = course.desk.talk, course.advice.state
    assert talk is not None
    assert advice is not None
    colleague = ColleagueState(agent=advice.agent, leg=advice.leg)
    attention.begin_anew(course, now)
    noted = course.chronicle.noted(
        NoteKind.ROUTED, now, agent=talk.agent, target=advice.agent, reason=reason
    )
    return [
        noted,
        *course.supervision.end_all(now),
        *course.ear.hush(),
        *course.advice.become_talk(SegmentOutcome.JOINED, now),
        *course.desk.let_in(colleague, course.queue, now, on=on, is_recorded=course.is_recorded),
        *(
            HangUpLeg(call=course.call, leg=each)
            for each in sorted({talk.leg, advice.asker_leg} - {on})
        ),
    ]


def one_left(course: Course, leg: LegId, reason: EndReason, now: datetime) -> list[SessionEffect]:
    """Let the other one go on with the caller; who supervised the one who left does no more."""
    talk = course.desk.talk
    is_first = talk is not None and leg == talk.leg
    return [
        *(course.supervision.end_all(now) if is_first else []),
        *course.desk.let_go(leg, is_broken=reason is not EndReason.HUNG_UP, now=now),
        *attention.agent_came(course, now),
    ]
