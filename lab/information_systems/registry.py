"""
What the information systems know, and what they do: pure, in memory, gone when they end.

Rule 1: what an operation returns is a JSON object, or None when there is nothing.
Rule 2: asked twice with one idempotency key, whatever changes something changes it once and gives
the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML

PEOPLE: Final = Path(__file__).with_name("people.yaml")
FEW: Final = 3
"""So many free times are told at once: a caller does not remember more."""
_DAYS: Final = {"changed": "changed_on", "until": "until", "paid_on": "paid_on"}
_OPENS, _CLOSES = "09:00", "18:00"

Row: TypeAlias = Mapping[str, Any]
Found: TypeAlias = dict[str, Any] | None
Fields: TypeAlias = Mapping[str, str]


class FieldMissingError(Exception):
    """An operation was asked without what it needs."""


@dataclass(slots=True)
class Registry:
    """
    All information systems of one made-up world.

    Args:
        today: The day from which its days are counted.
        world: What `people.yaml` says, or something of the same shape.
    """

    today: Callable[[], date]
    world: Mapping[str, list[Row]] = field(
        default_factory=lambda: YAML(typ="safe", pure=True).load(PEOPLE)
    )
    booked: dict[str, str] = field(default_factory=dict)
    """Slot → the citizen who has it."""
    visits: list[dict[str, Any]] = field(default_factory=list)
    """Doctors who are to come to citizens' homes."""
    _told: dict[tuple[str, str], Found] = field(default_factory=dict)

    def ask(self, operation: str, fields: Fields, *, key: str | None = None) -> Found:
        """
        Carry out one operation of `OPERATIONS`.

        Args:
            operation: Such as `cases/status`.
            fields: What it is asked by.
            key: Under which it is remembered that this was carried out.

        Raises:
            KeyError: There is no such operation.
            FieldMissingError: A field is missing.
        """
        carry_out = OPERATIONS[operation]
        if key is None or operation not in CHANGING:
            return carry_out(self, fields)
        if (operation, key) not in self._told:
            self._told[operation, key] = carry_out(self, fields)
        return self._told[operation, key]

    # --- citizens

    def by_snils(self, fields: Fields) -> Found:
        """Find a citizen by his СНИЛС."""
        return self._citizen(snils=_needed(fields, "snils"))

    def by_number(self, fields: Fields) -> Found:
        """Find the one citizen whose number this is."""
        return self._citizen(number=_needed(fields, "number"))

    def by_code_word(self, fields: Fields) -> Found:
        """Find a citizen by his code word, typed as digits, and his СНИЛС or number."""
        word = _needed(fields, "code_word")
        if "snils" in fields:
            return self._citizen(snils=fields["snils"], code_word=word)
        return self._citizen(number=_needed(fields, "number"), code_word=word)

    def _citizen(self, **known: str) -> Found:
        for each in self.world["citizens"]:
            if all(each.get(name) == value for name, value in known.items()):
                told = {name: each[name] for name in ("name", "region")}
                return {"citizen": each["id"], **told, "has_code_word": "code_word" in each}
        return None

    # --- cases

    def status(self, fields: Fields) -> Found:
        """Tell how a case stands, by its number, and by the date of the application if given."""
        number = _needed(fields, "case")
        for each in self.world["cases"]:
            applied_on = fields.get("applied_on", each["applied_on"])
            if (each["case"], each["applied_on"]) == (number, applied_on):
                days = {told: self._day(each[name]) for name, told in _DAYS.items() if name in each}
                kept = {k: v for k, v in each.items() if k not in (*_DAYS, "citizen")}
                return {**kept, **days}
        return None

    # --- doctors

    def slots(self, fields: Fields) -> Found:
        """Tell the first free times of a doctor."""
        doctor = _needed(fields, "doctor")
        free = [
            self._slot(each)
            for each in self.world["slots"]
            if each["doctor"] == doctor and each["slot"] not in self.booked
        ]
        return {"slots": free[:FEW], "count": len(free), "first": free[0]} if free else None

    def book(self, fields: Fields) -> Found:
        """Give a free time to a citizen; nothing is found when it is taken."""
        slot, citizen = _needed(fields, "slot"), _needed(fields, "snils")
        for each in self.world["slots"]:
            if each["slot"] == slot and slot not in self.booked:
                self.booked[slot] = citizen
                return {"booked": True, **self._slot(each)}
        return None

    def home_visit(self, fields: Fields) -> Found:
        """Let a doctor come to a citizen's home tomorrow."""
        if self.by_snils(fields) is None:
            return None
        number = f"{len(self.visits) + 1:04}"
        visit = {"visit": number, "date": self._day(1), "opens": _OPENS, "closes": _CLOSES}
        self.visits.append({**visit, "snils": fields["snils"]})
        return visit

    def _slot(self, row: Row) -> dict[str, Any]:
        kept = {name: value for name, value in row.items() if name != "days"}
        return {**kept, "date": self._day(row["days"])}

    # --- places

    def vaccination(self, fields: Fields) -> Found:
        """Tell where one is vaccinated in a region."""
        return self._places("vaccination", fields)

    def offices(self, fields: Fields) -> Found:
        """Tell the offices of a region and their hours."""
        return self._places("offices", fields)

    def _places(self, kind: str, fields: Fields) -> Found:
        _needed(fields, "region")
        there = [
            dict(each)
            for each in self.world[kind]
            if all(each.get(name, value) == value for name, value in fields.items())
        ]
        return {kind: there, "count": len(there), "first": there[0]} if there else None

    def _day(self, days: int) -> str:
        return (self.today() + timedelta(days=days)).isoformat()


OPERATIONS: Final[Mapping[str, Callable[[Registry, Fields], Found]]] = {
    "citizens/by-snils": Registry.by_snils,
    "citizens/by-number": Registry.by_number,
    "citizens/by-code-word": Registry.by_code_word,
    "cases/status": Registry.status,
    "doctor/slots": Registry.slots,
    "doctor/book": Registry.book,
    "doctor/home-visit": Registry.home_visit,
    "vaccination": Registry.vaccination,
    "offices": Registry.offices,
}
"""What can be asked: the path of its URL → what it does."""
CHANGING: Final = frozenset({"doctor/book", "doctor/home-visit"})
"""What is to be done once, however often it is asked."""


def _needed(fields: Fields, name: str) -> str:
    if not fields.get(name):
        raise FieldMissingError(f"found no {name}; expected it among the fields")
    return fields[name]
