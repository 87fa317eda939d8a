"""
The formulas: from what was counted to figures.

Every function says in its docstring what it divides by what, and whose definition that is. A share
of nothing is None, never 0 or 100 %; None of a figure that no fact tells of means «not measured».
Shares are 0 to 1.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ekc_telephony.core.acd.service_level import Counted, ServiceLevelFormula, share
from ekc_telephony.core.stats.lengths import Waits
from ekc_telephony.core.stats.opinions import MARKS
from ekc_telephony.core.stats.tally import Tally
from ekc_telephony.core.stats.visits import VisitEnding

SERVICE_LEVELS: Final[tuple[tuple[str, ServiceLevelFormula], ...]] = (
    ("SL-1", ServiceLevelFormula.ABANDONS_EXCLUDED),
    ("SL-2", ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD),
    ("SL-3", ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED),
    ("SL-4", ServiceLevelFormula.ABANDONS_COUNT),
    ("SL-5", ServiceLevelFormula.ALL_RECEIVED),
)
"""
The five variants in use: app_queue's SL and Wazo; app_queue's SL2; Genesys (with short abandons
left out, its usual setting); Vonage; COPC («based on transactions offered»).
"""

SATISFIED: Final = MARKS[-2:]
"""The marks that count as satisfied: 4 and 5."""


def service_level(
    waits: Waits, *, received: int, target: timedelta, formula: ServiceLevelFormula
) -> float | None:
    """
    Return the share answered within the target, by the formula, which says what is divided.

    Args:
        waits: Of visits (`Tally.from_queue`) or of calls (`Tally.from_ring`).
        received: Everything offered (visits) or received (calls), for SL-5.
        target: T; an edge of the waits' histogram.
        formula: Which share is meant.

    Raises:
        ValueError: The target is no edge of the histogram.
    """
    counted = Counted(
        answered=waits.answered.count,
        answered_in_time=waits.answered.within(target),
        abandoned=waits.abandoned.count,
        abandoned_in_time=waits.abandoned.within(target),
        short=waits.short,
        received=received,
    )
    return share(counted, formula)


def service_levels(tally: Tally, target: timedelta) -> dict[str, float | None]:
    """
    Return the five variants by name, over visits to queues.

    Raises:
        ValueError: The target is no edge of the histogram.
    """
    return {
        name: service_level(
            tally.from_queue, received=tally.offered, target=target, formula=formula
        )
        for name, formula in SERVICE_LEVELS
    }


def average_speed_of_answer(tally: Tally) -> timedelta | None:
    """Return ASA = Σ wait of answered ÷ answered (COPC, wolkvox); the clock starts in the queue."""
    return tally.from_queue.answered.mean


def average_handle_time(tally: Tally) -> timedelta | None:
    """
    Return AHT = (talk + hold + wrap-up) ÷ handled (Genesys).

    Genesys adds dialling and contacting, which calls of citizens do not have. Who is asked for
    advice handles no call of his own; the one who asks has it within his talk, on hold.
    """
    return tally.handlings.mean


def average_wrap_up(tally: Tally) -> timedelta | None:
    """Return Σ wrap-up ÷ handled."""
    return tally.wrap_up / tally.handlings.count if tally.handlings.count else None


def average_talk(tally: Tally) -> timedelta | None:
    """Return Σ conversation, hold left out, ÷ handled."""
    return tally.talk / tally.handlings.count if tally.handlings.count else None


def average_hold(tally: Tally) -> timedelta | None:
    """Return Σ hold ÷ handled; None: not measured, or nothing was handled."""
    if tally.held is None or not tally.handlings.count:
        return None
    return tally.held / tally.handlings.count


def abandon_share(tally: Tally) -> float | None:
    """
    Return abandoned ÷ offered (Genesys).

    Who was promised a callback is not abandoned (Amazon Connect); he has flowed out.
    """
    return tally.abandoned / tally.offered if tally.offered else None


def answer_share(tally: Tally) -> float | None:
    """Return answered ÷ offered (Genesys)."""
    return tally.answered / tally.offered if tally.offered else None


def occupancy_share(tally: Tally) -> float | None:
    """
    Return occupancy = handling ÷ (ready with a phone that can be reached ∪ handling).

    Handling is talk, hold, wrap-up, and advice given to a colleague: who gives it cannot be offered
    a caller, so he is not idle, although no call is his.

    Idle time counts, breaks do not (injixo: «handle time / time available for work»). ICMI counts
    work off the phone as well; that is another variant, and not this one.
    """
    if not tally.available:
        return None
    return tally.handling / tally.available


def transfer_share(tally: Tally) -> float | None:
    """Return transferred ÷ handled (Genesys: transferred ÷ calls); None: not measured."""
    if tally.transferred is None or not tally.handlings.count:
        return None
    return tally.transferred / tally.handlings.count


def hold_share(tally: Tally) -> float | None:
    """Return hold ÷ handle time (Genesys); None: not measured."""
    if tally.held is None or not tally.handlings.total:
        return None
    return tally.held / tally.handlings.total


def rating_share(tally: Tally) -> float | None:
    """Return rated ÷ asked to rate: of how many callers the marks tell."""
    return tally.marks.total() / tally.asked_to_rate if tally.asked_to_rate else None


def mean_rating(tally: Tally) -> float | None:
    """Return Σ marks ÷ marks."""
    given = tally.marks.total()
    return sum(int(mark) * tally.marks[mark] for mark in MARKS) / given if given else None


def satisfied_share(tally: Tally) -> float | None:
    """
    Return CSAT = marks of 4 and 5 ÷ marks («top two boxes» of five).

    Who was asked and gave no mark is in neither; `rating_share` tells how many those are.
    """
    given = tally.marks.total()
    return sum(tally.marks[mark] for mark in SATISFIED) / given if given else None


def mean_agents(tally: Tally, period: timedelta) -> float | None:
    """Return how many agents were signed in on average: Σ signed-in time ÷ the period."""
    return tally.signed_in / period if period else None


def lost(tally: Tally) -> int:
    """Return the visits that got no person although the caller did not choose otherwise."""
    return tally.abandoned + tally.visits[VisitEnding.BROKEN]
