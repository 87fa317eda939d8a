"""
Norms: what is promised, by which formula, from which moment, and whether it was kept (G6).

A preset says where its clock starts and whether those who hung up at once are counted, because the
sources differ exactly there. Where a source is silent, the stricter reading is taken, and
`docs/operations/statistics.md` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.stats.formulas import service_level
from ekc_telephony.core.stats.lengths import Waits
from ekc_telephony.core.stats.tally import Tally


class ClockStart(Enum):
    """From when the caller's wait is measured."""

    RING = "ring"
    """From the moment the call reached us; the menu counts."""
    QUEUE = "queue"
    """From the moment he came to a queue, «after the menu»."""


class Preset(Enum):
    """The norms that are known by name."""

    N112 = "112"
    N122 = "122"
    N80_20 = "80/20"
    AVAILABILITY = "availability"
    ADS = "ads"
    N442 = "442n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """
    What is promised; an absent condition promises nothing.

    The shares count calls closed by the menu nowhere: who never asked for a person did not wait.
    """

    clock: ClockStart
    target: timedelta | None = None
    """T: within it a share of callers is answered."""
    least_share: float | None = None
    formula: ServiceLevelFormula = ServiceLevelFormula.ABANDONS_COUNT
    longest_mean: timedelta | None = None
    """The mean wait of those answered is no longer."""
    is_measured: bool = True
    """Whether there are facts to judge by."""


NORMS: Final = MappingProxyType(
    {
        Preset.N112: Norm(
            clock=ClockStart.RING,
            target=timedelta(seconds=20),
            least_share=0.98,
            longest_mean=timedelta(seconds=8),
        ),
        Preset.N122: Norm(clock=ClockStart.RING, longest_mean=timedelta(seconds=60)),
        Preset.N80_20: Norm(
            clock=ClockStart.QUEUE,
            target=timedelta(seconds=20),
            least_share=0.8,
            formula=ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED,
        ),
        Preset.AVAILABILITY: Norm(
            clock=ClockStart.QUEUE,
            target=timedelta(seconds=90),
            least_share=1.0,
            formula=ServiceLevelFormula.ALL_RECEIVED,
        ),
        Preset.ADS: Norm(clock=ClockStart.RING, target=timedelta(minutes=5), least_share=1.0),
        Preset.N442: Norm(clock=ClockStart.QUEUE, is_measured=False),
    }
)
"""
112: order of the government 1931 of 12.11.2021. 122: «около одной минуты» (Чернышенко). 80/20: the
industry's; short abandons out, as Genesys and MiContact do. Availability: Naumen's audits,
«≤ 90 s after IVR», of all who came to a queue. АДС: order 416 п. 13, five minutes. 442н: eight
working hours for deferred appeals, of which no fact tells yet.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a norm was kept."""

    norm: Norm
    answered: int
    abandoned: int
    share: float | None
    """By the norm's formula; None without a target, or when nobody counts."""
    mean: timedelta | None
    """The mean wait of those answered, from the norm's clock."""
    longest: timedelta | None
    """Of all who waited (G6: beside every mean)."""
    is_kept: bool | None
    """None when there was nobody to keep it for, or nothing to judge by."""


def judge(norm: Norm, tally: Tally) -> Verdict:
    """
    Judge what was counted by a norm.

    Raises:
        ValueError: The norm's target is no edge of the tally's histograms.
    """
    waits, received = _waits(norm, tally)
    share = None
    if norm.target is not None:
        share = service_level(waits, received=received, target=norm.target, formula=norm.formula)
    mean = waits.answered.mean
    return Verdict(
        norm=norm,
        answered=waits.answered.count,
        abandoned=waits.abandoned.count,
        share=share,
        mean=mean,
        longest=waits.longest,
        is_kept=_is_kept(norm, share, mean),
    )


def _waits(norm: Norm, tally: Tally) -> tuple[Waits, int]:
    if norm.clock is ClockStart.RING:
        return tally.from_ring, tally.sought.total()
    return tally.from_queue, tally.offered


def _is_kept(norm: Norm, share: float | None, mean: timedelta | None) -> bool | None:
    if not norm.is_measured:
        return None
    kept: list[bool] = []
    if norm.least_share is not None and share is not None:
        kept.append(share >= norm.least_share)
    if norm.longest_mean is not None and mean is not None:
        kept.append(mean <= norm.longest_mean)
    return all(kept) if kept else None
