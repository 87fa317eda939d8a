"""
What is seen of a talk that goes on: whether the caller is on hold, and whether he is heard.

A hold is a segment within the talk. It begins and ends as the phone says (a re-INVITE), and ends
with the talk at the latest. The caller hears music meanwhile, and it is we who play it: Asterisk
does so by itself in a bridge of two, but a recorded talk has a third party, and a mix of three
(bridge_softmix) lets the caller hear nothing (seen with 22.10).

Where the queue wants it, Asterisk is asked to tell when the caller speaks. Who has not been heard
for `silence_after` is noted on his appeal, and his agent's phone is shown a line of text: once for
each silence. Time on hold is no silence: he hears music, and is not asked anything.

Rule 1: only the phone of the agent who talks to the caller can hold him; a caller who puts us on
hold is none of our business, and neither a conference nor
advice on the line of the talk is held by one of them: the others go on.
Rule 2: Asterisk's list of channels does not say who is on hold. So a hold that is known outlives a
restart and a lost connection, and goes on until the phone resumes or the talk ends; one that begins
unseen is not known.
Rule 3: silence is counted while we see Asterisk only; it begins anew when we see it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import ShowText, WatchSpeech
from ekc_telephony.core.call.facts import NoteKind, SegmentKind, SegmentOutcome
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import AttentionState
from ekc_telephony.core.ivr.spoken import plural
from ekc_telephony.core.kernel.ids import LegId

_MINUTE: Final = timedelta(minutes=1)

# --- holds


def hold_began(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Note that the agent's phone holds the caller."""
    talk = course.desk.talk
    if talk is None or leg != talk.leg or course.chronicle.is_open(SegmentKind.HOLD):
        return []
    advice = course.advice.state
    if course.desk.colleague is not None or (advice is not None and advice.is_on_one_line):
        return []
    begun = course.chronicle.start(SegmentKind.HOLD, now, queue=course.queue, agent=talk.agent)
    return [*course.ear.play_music(), begun]


def hold_ended(course: Course, leg: LegId, now: datetime) -> list[SessionEffect]:
    """Note that the agent's phone took the caller off hold."""
    talk = course.desk.talk
    if talk is None or leg != talk.leg or not course.chronicle.is_open(SegmentKind.HOLD):
        return []
    begin_anew(course, now)
    ended = course.chronicle.end(SegmentKind.HOLD, SegmentOutcome.COMPLETED, now)
    return [*course.ear.hush(), *ended]


# --- silence


def talk_began(course: Course, now: datetime) -> list[SessionEffect]:
    """Have the caller's leg watched, if his queue wants it and it is not watched yet."""
    before = course.attention
    if before is not None:
        course.attention = replace(before, quiet_since=now, is_noted=False)
        return []
    if _allowed(course) is None:
        return []
    course.attention = AttentionState(quiet_since=now)
    return [WatchSpeech(call=course.call, leg=course.leg)]


def begin_anew(course: Course, now: datetime) -> None:
    """Count the caller's silence from now on: nobody listened to him before."""
    if course.attention is not None:
        course.attention = replace(course.attention, quiet_since=now)


def speech_began(course: Course, leg: LegId, now: datetime) -> None:
    """Note that the caller is heard; nobody looks whether agents are."""
    if course.attention is not None and leg == course.leg:
        course.attention = AttentionState(quiet_since=now, is_speaking=True)


def speech_ended(course: Course, leg: LegId, now: datetime) -> None:
    """Note that the caller fell silent."""
    if course.attention is not None and leg == course.leg:
        course.attention = replace(course.attention, quiet_since=now, is_speaking=False)


def is_silent(course: Course) -> bool:
    """Tell whether the caller has been silent for too long."""
    seen = course.attention
    return course.desk.talk is not None and seen is not None and seen.is_noted


def next_deadline(course: Course) -> datetime | None:
    """Return when the caller will have been silent for too long."""
    seen, allowed = course.attention, _allowed(course)
    if seen is None or allowed is None or seen.is_speaking or seen.is_noted:
        return None
    if course.desk.talk is None or course.chronicle.is_open(SegmentKind.HOLD):
        return None
    if course.advice.state is not None and course.advice.state.is_on_one_line:
        return None
    return seen.quiet_since + allowed


def on_time(course: Course, now: datetime) -> list[SessionEffect]:
    """Tell of a silence that has lasted too long, once."""
    due, seen, talk = next_deadline(course), course.attention, course.desk.talk
    if due is None or now < due or seen is None or talk is None:
        return []
    course.attention = replace(seen, is_noted=True)
    allowed = _allowed(course) or _MINUTE
    return [
        course.chronicle.noted(NoteKind.SILENT, now, agent=talk.agent),
        ShowText(call=course.call, agent=talk.agent, text=silence_text(allowed)),
    ]


def seen_again(course: Course, now: datetime) -> list[SessionEffect]:
    """Go on after a time in which we did not see Asterisk; what we ordered may be lost."""
    music = course.ear.play_music() if course.chronicle.is_open(SegmentKind.HOLD) else []
    if course.attention is None:
        return [*music]
    course.attention = AttentionState(quiet_since=now)
    return [*music, WatchSpeech(call=course.call, leg=course.leg)]


def silence_text(lasting: timedelta) -> str:
    """Return what the agent's phone shows: «Гражданин молчит больше минуты»."""
    if lasting == _MINUTE:
        return "Гражданин молчит больше минуты"
    seconds = int(lasting.total_seconds())
    return f"Гражданин молчит больше {seconds} {plural(seconds, 'секунды', 'секунд', 'секунд')}"


def _allowed(course: Course) -> timedelta | None:
    """Return how long the caller may be silent; None for as long as he likes."""
    return None if course.queue is None else course.spec().silence_after
