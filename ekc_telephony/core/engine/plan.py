"""
What the engine is told before the first event: numbers, scripts, opening hours, codes, colleagues.

It is read from the configuration and the scripts, and the engine never changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ekc_telephony.core.engine.features import FeatureCodes
from ekc_telephony.core.engine.transfer import Directory
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How many callers are let in at once, and what the others meet."""

    most_calls: int
    script: Script
    """For whoever comes beyond: he hears the truth and is offered a way, never «busy» (G3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePlan:
    """What the configuration and the scripts say, as the engine needs it."""

    scripts: Mapping[Did, Script]
    """The entry script of every number we serve."""
    schedules: Mapping[str, BusinessHours]
    zones: ZoneTable = field(default_factory=ZoneTable)
    """By whose clock the schedules count that go by the caller's or by the number dialled."""
    feature_codes: FeatureCodes
    directory: Directory = field(default_factory=Directory)
    admission: Admission | None = None
    """None: everybody is let in."""

    @property
    def admission_scripts(self) -> tuple[Script, ...]:
        """The scripts that no number begins with."""
        return () if self.admission is None else (self.admission.script,)
