"""
The briefing: what an agent who has picked up hears alone, before he is connected with the caller.

It is the name of the queue, and how long the caller has waited. He goes on hearing music, or
ringing, meanwhile; his wait and the offer last until they are connected.

Rule 1: a briefing ends in a connection whatever becomes of its sound: after `LONGEST` at the
latest.
Rule 2: an agent who hangs up meanwhile has refused the offer. A playback that failed waits for such
a hangup, which usually explains it and is told after it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import PlayPrompts, StopPlayback
from ekc_telephony.core.engine.course import Course
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.state import OfferState
from ekc_telephony.core.ivr.spoken import spoken_minutes
from ekc_telephony.core.kernel.ids import LegId, PlaybackId, PromptKey

WAITED: Final = PromptKey("briefing-waited")
"""«Время ожидания»; the minutes complete it."""
LONGEST: Final = timedelta(seconds=10)
"""Longer than any queue's name with a number of minutes; a lost event must not keep both apart."""
GRACE: Final = timedelta(milliseconds=300)
"""How long a failed briefing waits for the hangup that usually explains it."""
_MINUTE: Final = timedelta(minutes=1)


def is_on(course: Course) -> bool:
    """Tell whether an agent hears the briefing now."""
    return course.desk.offer is not None and course.desk.offer.briefing is not None


def begin(course: Course, offer: OfferState, now: datetime) -> list[SessionEffect]:
    """Let the agent who picked up hear whose caller it is, once."""
    name = course.spec().briefing
    if name is None or offer.briefing is not None:
        return []  # told twice: he hears it already
    playback = PlaybackId(f"{offer.offer}-briefing")
    course.desk.offer = replace(offer, briefing=playback, lapses_at=now + LONGEST)
    waited = max(now - (course.joined_at or now), timedelta()) // _MINUTE
    prompts = (name, WAITED, *spoken_minutes(waited))
    leg = LegId(offer.offer)
    return [PlayPrompts(call=course.call, leg=leg, playback=playback, prompts=prompts)]


def broke_off(course: Course, offer: OfferState, now: datetime) -> list[SessionEffect]:
    """Wait a moment for the hangup that may explain why the briefing failed."""
    course.desk.offer = replace(offer, lapses_at=min(offer.lapses_at, now + GRACE))
    return []


def hush(course: Course, offer: OfferState) -> list[SessionEffect]:
    """Stop the briefing."""
    if offer.briefing is None:
        return []
    return [StopPlayback(call=course.call, playback=offer.briefing)]
