"""
What the engine is told before the first event: numbers, scripts, opening hours, codes, colleagues.

It is read from the configuration and the published scripts. The engine changes nothing of it but
the scripts, when others are published.

Rule 1: what a text of a script means depends on the text and on the configuration alone, so that
whoever is told the same again (`ScriptsPublished`, in a replay) has the same scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

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
class Published:
    """What scripts were made from."""

    number: int = 0
    """Of the publication; 0: files on disk."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """By `<script>@<version>`, one version of each script; with what they call and what lies over
    them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryScripts:
    """The scripts that calls begin with."""

    by_number: Mapping[Did, Script]
    beyond: Script | None
    """For whoever comes beyond the most calls (`Admission`); None: everybody is let in."""


class Library(Protocol):
    """Makes scripts of texts."""

    def open(self, texts: Mapping[str, str]) -> EntryScripts | None:
        """Return what these texts say (`Published.texts`); None when they cannot be used."""
        ...


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
    published: Published = field(default_factory=Published)
    """What the scripts were made from."""
    library: Library | None = None
    """None: the scripts stay as they are, whatever is published."""

    def with_published(self, published: Published) -> EnginePlan:
        """Return the plan with other scripts; the same plan when they are older or unreadable."""
        is_newer = published.number > self.published.number
        opened = self.library.open(published.texts) if self.library and is_newer else None
        if opened is None:
            return self
        return replace(
            self,
            scripts=opened.by_number,
            admission=None
            if self.admission is None or opened.beyond is None
            else replace(self.admission, script=opened.beyond),
            published=published,
        )

    @property
    def admission_scripts(self) -> tuple[Script, ...]:
        """The scripts that no number begins with."""
        return () if self.admission is None else (self.admission.script,)
