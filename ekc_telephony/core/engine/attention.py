"""
What is seen of a talk that goes on: whether the agent's phone holds the caller.

A hold is a segment within the talk. It begins and ends as the phone says (a re-INVITE), and ends
with the talk at the latest. The caller hears music meanwhile, and it is we who play it: Asterisk
does so by itself in a bridge of two, but a recorded talk has a third party, and a mix of three
(bridge_softmix) lets the caller hear nothing (seen with 22.10).

Rule 1: only the phone of the agent who talks to the caller can hold him; a caller who puts us on
hold is none of our business, and a conference goes on without the one whose phone holds it.
Rule 2: Asterisk's list of channels does not say who is on hold. So a hold that is known outlives a
restart and a lost connection, and goes on until the phone resumes or the talk ends; one that begins
unseen is not known.
"""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.core.call.facts import SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.desk import SessionEffect
from ekc_telephony.core.kernel.ids import LegId


def hold_began(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Note that the agent's phone holds the caller."""
    talk = course.desk.talk
    if talk is None or leg != talk.leg or course.chronicle.is_open(SegmentKind.HOLD):
        return []
    if course.desk.colleague is not None:
        return []
    begun = course.chronicle.start(SegmentKind.HOLD, now, queue=course.queue, agent=talk.agent)
    return [*course.ear.play_music(), begun]


def hold_ended(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Note that the agent's phone took the caller off hold."""
    talk = course.desk.talk
    if talk is None or leg != talk.leg or not course.chronicle.is_open(SegmentKind.HOLD):
        return []
    ended = course.chronicle.end(SegmentKind.HOLD, SegmentOutcome.COMPLETED, now)
    return [*course.ear.hush(), *ended]


def hold_goes_on(course: Course) -> list[SessionEffect]:
    """Let a caller who is on hold hear music, whatever was lost while we did not see Asterisk."""
    return [*course.ear.play_music()] if course.chronicle.is_open(SegmentKind.HOLD) else []
