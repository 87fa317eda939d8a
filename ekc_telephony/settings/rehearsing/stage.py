"""
The stage of rehearsals: what a site's configuration says of any call, made ready once.

Rule 1: nothing outside is asked: information systems answer what was rehearsed with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.rehearsal import Lengths, Rehearsal
from ekc_telephony.core.ivr.rehearsed import Rehearsed
from ekc_telephony.core.ivr.zones import ZoneTable
from ekc_telephony.core.kernel.ids import Did, ServiceId
from ekc_telephony.settings.area_codes import zones_by_area_code
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook, ShippedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is known of a call before it enters the script."""

    at: datetime
    """Aware."""
    number: str | None
    """The caller's; None when it is hidden."""
    dialled: str
    lookups: Mapping[ServiceId, Rehearsed] = field(default_factory=dict)


class Stage:
    """
    A site on which any script can be rehearsed.

    Args:
        settings: Its configuration.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._shipped = ShippedTexts(settings)
        self._schedules: dict[date, Mapping[str, BusinessHours]] = {}

    def load(self, file: Path) -> LoadedScript:
        """
        Read a script as an admin works on it, with what it calls beside it.

        Raises:
            SettingsError: It cannot be used; names every mistake with its place.
        """
        return load(read_document(file), known=known_names(self.settings))

    def dialled_for(self, script: str) -> str:
        """Return the first number that begins with a script; an empty text without one."""
        numbers = (each.did for each in self.settings.numbers if each.script == script)
        return next(numbers, "")

    def phrasebook(self, loaded: LoadedScript) -> Phrasebook:
        """Return what a script's prompts say."""
        return Phrasebook(self.settings, loaded, shipped=self._shipped)

    def rehearse(
        self,
        loaded: LoadedScript,
        call: Call,
        *,
        phrasebook: Phrasebook,
        lengths: Lengths | None = None,
    ) -> Rehearsal:
        """
        Let a call enter a script.

        Args:
            loaded: The script.
            call: The call.
            phrasebook: How long its prompts last.
            lengths: Knows that better.
        """
        zones = self._zones.of_call(Did(call.dialled), call.number)
        return Rehearsal(
            loaded.script,
            schedules={
                name: hours.for_call(zones) for name, hours in self._hours(call.at.date()).items()
            },
            number=call.number,
            did=call.dialled,
            at=call.at,
            lookups=call.lookups,
            lengths=lengths or phrasebook.length,
        )

    @cached_property
    def _zones(self) -> ZoneTable:
        numbers = self.settings.numbers
        return ZoneTable(
            by_area_code=zones_by_area_code(),
            by_did={Did(n.did): n.time_zone for n in numbers if n.time_zone is not None},
        )

    def _hours(self, today: date) -> Mapping[str, BusinessHours]:
        """Return the business hours; public holidays are worked out around the day of the call."""
        if today not in self._schedules:
            self._schedules[today] = {
                name: business_hours(self.settings, schedule, today=today)
                for name, schedule in self.settings.schedules.items()
            }
        return self._schedules[today]
