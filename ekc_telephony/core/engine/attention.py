"""
What is seen of a talk that goes on: whether the caller is on hold, and whether both are heard.

A hold is a segment within the talk. It begins and ends as the phone says (a re-INVITE), and ends
with the talk at the latest. The caller hears music meanwhile, and it is we who play it: Asterisk
does so by itself in a bridge of two, but a recorded talk has a third party, and a mix of three
(bridge_softmix) lets the caller hear nothing (seen with 22.10).

Where the queue wants it, Asterisk is asked to tell when the caller speaks, and when his agent does.
Who has not been heard for `silence_after` is noted on the appeal, and the agent's phone is shown a
line of text: once for each silence. Time on hold is no silence: the caller hears music, and is not
asked anything. A phone does not tell that it is muted, so an agent who has muted himself is seen by
his silence alone, like one whose headset is dead, and one who only listens.

Rule 1: only the phone of the agent who talks to the caller can hold him; a caller who puts us on
hold is none of our business, and neither a conference nor
advice on the line of the talk is held by one of them: the others go on.
Rule 2: Asterisk's list of channels does not say who is on hold. So a hold that is known outlives a
restart and a lost connection, and goes on until the phone resumes or the talk ends; one that begins
unseen is not known.
Rule 3: silence is counted while we see Asterisk only; it begins anew when we see it again.
Rule 4: an agent is expected to speak while he alone talks to the caller: not in a conference, nor
while a colleague advises him.
Rule 5: while a supervisor who has joined the talk is heard in it, neither silence is counted: the
caller listens to somebody else, and the agent is not to interrupt. It begins anew when he leaves.
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
from ekc_telephony.core.kernel.deadlines import earlier
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
    """Have both legs watched, if the queue wants it and they are not watched yet."""
    before, watch = course.attention, list[SessionEffect]()
    if before is not None:
        course.attention = replace(before, quiet_since=now, is_noted=False)
    elif _allowed(course) is not None:
        course.attention = AttentionState(quiet_since=now)
        watch = [WatchSpeech(call=course.call, leg=course.leg)]
    return [*watch, *agent_came(course, now)]


def agent_came(course: Course, now: datetime) -> list[SessionEffect]:
    """Count the silence of the agent who talks now, or is alone with the caller again."""
    talk, before = course.desk.talk, course.agent_attention
    if talk is None or course.attention is None or _allowed(course) is None:
        course.agent_attention = None
        return []
    if before is not None and before.leg == talk.leg:
        course.agent_attention = replace(before, quiet_since=now)
        return []
    course.agent_attention = AttentionState(quiet_since=now, leg=talk.leg)
    return [WatchSpeech(call=course.call, leg=talk.leg)]


def begin_anew(course: Course, now: datetime) -> None:
    """Count silence from now on: caller and agent did not hear each other before."""
    if course.attention is not None:
        course.attention = replace(course.attention, quiet_since=now)
    if course.agent_attention is not None:
        course.agent_attention = replace(course.agent_attention, quiet_since=now)


def speech_began(course: Course, leg: LegId, now: datetime) -> None:
    """Note that the caller, or his agent, is heard."""
    heard = AttentionState(quiet_since=now, is_speaking=True)
    if course.attention is not None and leg == course.leg:
        course.attention = heard
    elif course.agent_attention is not None and leg == course.agent_attention.leg:
        course.agent_attention = replace(heard, leg=leg)


def speech_ended(course: Course, leg: LegId, now: datetime) -> None:
    """Note that the caller, or his agent, fell silent."""
    before = course.attention
    if before is not None and leg == course.leg:
        course.attention = replace(before, quiet_since=now, is_speaking=False)
        return
    before = course.agent_attention
    if before is not None and leg == before.leg:
        course.agent_attention = replace(before, quiet_since=now, is_speaking=False)


def is_silent(course: Course) -> bool:
    """Tell whether the caller has been silent for too long."""
    seen = course.attention
    return course.desk.talk is not None and seen is not None and seen.is_noted


def is_agent_silent(course: Course) -> bool:
    """Tell whether the agent who talks to him has been silent for too long."""
    seen, talk = course.agent_attention, course.desk.talk
    return talk is not None and seen is not None and seen.is_noted and seen.leg == talk.leg


def next_deadline(course: Course) -> datetime | None:
    """Return when one of the two will have been silent for too long."""
    return earlier(_due_at(course, course.attention), _agent_due_at(course))


def on_time(course: Course, now: datetime) -> list[SessionEffect]:
    """Tell of a silence that has lasted too long, once."""
    effects: list[SessionEffect] = []
    allowed = _allowed(course) or _MINUTE
    due, seen = _due_at(course, course.attention), course.attention
    if due is not None and due <= now and seen is not None:
        course.attention = replace(seen, is_noted=True)
        effects += _tell(course, NoteKind.SILENT, silence_text(allowed), now)
    due, seen = _agent_due_at(course), course.agent_attention
    if due is not None and due <= now and seen is not None:
        course.agent_attention = replace(seen, is_noted=True)
        effects += _tell(course, NoteKind.AGENT_SILENT, agent_silence_text(allowed), now)
    return effects


def seen_again(course: Course, now: datetime) -> list[SessionEffect]:
    """Go on after a time in which we did not see Asterisk; what we ordered may be lost."""
    music = course.ear.play_music() if course.chronicle.is_open(SegmentKind.HOLD) else []
    course.attention = course.agent_attention = None
    return [*music, *talk_began(course, now)]


def silence_text(lasting: timedelta) -> str:
    """Return what the agent's phone shows: «Гражданин молчит больше минуты»."""
    return f"Гражданин молчит больше {_spoken(lasting)}"


def agent_silence_text(lasting: timedelta) -> str:
    """Return what his phone shows of himself: «Вас не слышно больше минуты»."""
    return f"Вас не слышно больше {_spoken(lasting)}"


def _spoken(lasting: timedelta) -> str:
    if lasting == _MINUTE:
        return "минуты"
    seconds = int(lasting.total_seconds())
    return f"{seconds} {plural(seconds, 'секунды', 'секунд', 'секунд')}"


def _tell(course: Course, kind: NoteKind, text: str, now: datetime) -> list[SessionEffect]:
    talk = course.desk.talk
    assert talk is not None
    return [
        course.chronicle.noted(kind, now, agent=talk.agent),
        ShowText(call=course.call, agent=talk.agent, text=text),
    ]


def _due_at(course: Course, seen: AttentionState | None) -> datetime | None:
    """Return when somebody of whom this is seen will have been silent for too long."""
    if seen is None or seen.is_speaking or seen.is_noted:
        return None
    allowed = _allowed(course)
    if allowed is None:
        return None
    if course.desk.talk is None or course.chronicle.is_open(SegmentKind.HOLD):
        return None
    if course.advice.state is not None and course.advice.state.is_on_one_line:
        return None
    if course.supervision.is_heard_by_caller:
        return None
    return seen.quiet_since + allowed


def _agent_due_at(course: Course) -> datetime | None:
    """Return when the agent will have been; None while he need not speak (Rule 4)."""
    seen, talk = course.agent_attention, course.desk.talk
    if seen is None or talk is None or seen.leg != talk.leg:
        return None
    if course.desk.colleague is not None or course.advice.state is not None:
        return None
    return _due_at(course, seen)


def _allowed(course: Course) -> timedelta | None:
    """Return how long both may be silent; None for as long as they like."""
    return None if course.queue is None else course.spec().silence_after
