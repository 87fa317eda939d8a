"""
Whose clock stands where a number is: time zones by area code.

A number of the Russian plan has ten digits after +7 or 8. The first three of a geographical one
name its region, and the region has a time zone by law; a mobile or free number (9…, 800) names
none. The table itself is given to the core, since a time zone is read from the system's files.

Rule 1: nobody guesses: an unknown code, a foreign or a hidden number has no zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from ekc_telephony.core.ivr.hours import BusinessHours, CallZones, ZoneOf
from ekc_telephony.core.kernel.ids import Did

_CODE: Final = 3
_NATIONAL: Final = 10
_PREFIXES: Final = "78"
_INTERNATIONAL: Final = "+7"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTable:
    """Which clock belongs to a number."""

    by_area_code: Mapping[str, tzinfo] = field(default_factory=dict)
    """The first three digits of the national number → zone."""
    by_did: Mapping[Did, tzinfo] = field(default_factory=dict)
    """Numbers of ours whose zone is told; stronger than their code."""

    def of_call(self, did: Did, number: str | None) -> CallZones:
        """Return what is known of the clocks at both ends of a call."""
        dialled = self.by_did.get(did)
        return CallZones(
            caller=None if number is None else self._of_number(number),
            dialled=self._of_number(did) if dialled is None else dialled,
        )

    def schedules_for(
        self, schedules: Mapping[str, BusinessHours], *, did: Did, number: str | None
    ) -> Mapping[str, BusinessHours]:
        """Return business hours by the clocks that count for a call."""
        if all(hours.zone_of is ZoneOf.SERVICE for hours in schedules.values()):
            return schedules
        zones = self.of_call(did, number)
        return {name: hours.for_call(zones) for name, hours in schedules.items()}

    def _of_number(self, number: str) -> tzinfo | None:
        national = national_number(number)
        return None if national is None else self.by_area_code.get(national[:_CODE])


def national_number(number: str) -> str | None:
    """Return the ten digits of a Russian number however it is written, None if it is another."""
    digits = number.removeprefix("+")
    if not digits.isdecimal() or (digits != number and not number.startswith(_INTERNATIONAL)):
        return None
    if len(digits) == _NATIONAL:
        return digits if digits == number else None
    is_full = len(digits) == _NATIONAL + 1 and digits[0] in _PREFIXES
    return digits[1:] if is_full else None
