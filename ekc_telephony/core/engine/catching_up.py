"""
What a time of blindness leaves to find out: who is still there, and how the others went.

Pure questions about one `ControlRegained`; the engine asks them for every call that it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from ekc_telephony.core.call.events import ControlRegained, EndReason, LiveLeg
from ekc_telephony.core.call.facts import Disturbance
from ekc_telephony.core.engine.effects import SessionEffect
from ekc_telephony.core.engine.session import Session
from ekc_telephony.core.engine.surroundings import Seen
from ekc_telephony.core.kernel.ids import BridgeId, LegId

FALLBACK: Final = "fallback"
"""How the dialplan's contexts begin in which callers are served without us."""


def seen(session: Session, alive: Mapping[LegId, LiveLeg]) -> Seen:
    """Return what Asterisk shows of a call whose caller is there."""
    ringing = alive.get(session.ringing_leg) if session.ringing_leg else None
    advice = session.advice
    is_advised = advice is not None and set(_bridges([advice.asker_leg, advice.leg], alive)) == {
        advice.bridge
    }
    away = {advice.asker_leg} if advice is not None and is_advised else set()
    bridges = _bridges([leg for leg in session.talking_legs() if leg not in away], alive)
    return Seen(
        is_answered=alive[session.leg].is_answered,
        is_together=all(bridge == session.bridge for bridge in bridges),
        answered=ringing.leg if ringing is not None and ringing.is_answered else None,
        is_advised=is_advised,
        strange_bridges=tuple(
            sorted(
                each
                for each in {*bridges} - {None, session.bridge}
                if each is not None and each.startswith(f"{session.call}-")
            )
        ),
    )


def _bridges(legs: Iterable[LegId], alive: Mapping[LegId, LiveLeg]) -> list[BridgeId | None]:
    """Return the bridge of every leg."""
    return [alive[leg].bridge if leg in alive else None for leg in legs]


def ended_at(event: ControlRegained, leg: LegId) -> datetime | None:
    """Return when the leg ended; None when nobody knows."""
    ended = event.ended.get(leg)
    return None if ended is None else ended.at


def caller_missing(
    session: Session, event: ControlRegained, lost_at: datetime, now: datetime
) -> list[SessionEffect]:
    """Tell the session how its caller went, as far as can be known."""
    started = event.asterisk_started_at
    ended = event.ended.get(session.leg)
    if ended is not None and not ended.context.startswith(FALLBACK):
        return session.on_leg_ended(
            session.leg, EndReason.HUNG_UP, session.not_before(ended.at, now)
        )
    if started is not None and session.registered_at < started and ended is None:
        died_at = session.not_before(min(lost_at, started), now)
        return session.on_torn_away(Disturbance.ASTERISK_DIED, "Asterisk was started anew", died_at)
    if ended is not None or session.leg in event.elsewhere:
        left_at = now if ended is None else ended.at
        return session.on_torn_away(
            Disturbance.ENGINE_AWAY,
            "the dialplan took the caller over",
            session.not_before(left_at, now),
        )
    return session.on_leg_ended(session.leg, EndReason.FAILED, now)
