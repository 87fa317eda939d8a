"""How a caller came to a destination, and what all scripts of one import have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ekc_telephony.importing.freepbx.growth.hours import Schedules
from ekc_telephony.importing.freepbx.growth.menus import Menu
from ekc_telephony.importing.freepbx.growth.sounds import Recordings
from ekc_telephony.importing.freepbx.source.destinations import Destination
from ekc_telephony.importing.freepbx.source.office import Office
from ekc_telephony.importing.freepbx.source.tables import Row
from ekc_telephony.importing.freepbx.writing.drafts import Outside, Queue
from ekc_telephony.importing.freepbx.writing.ledger import Ledger, Weight
from ekc_telephony.importing.freepbx.writing.names import Names

PERSON: Final = "to_a_person"
"""The node of all who are led to a person where FreePBX led nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How somebody came to a destination."""

    row: Row
    """Where the destination is written."""
    title: str
    """What people call that place."""
    menu: str | None = None
    """The number of the last menu he was in."""
    passed: tuple[str, ...] = ()
    """What he passed since then."""
    is_closed: bool = False
    """Whether a time condition sent him to its closed side since then."""

    def through(self, destination: Destination, row: Row, title: str) -> Way:
        """Return the way that goes on behind something."""
        passed = (*self.passed, destination.written)
        return replace(self, row=row, title=title, passed=passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all scripts of one import name in common."""

    office: Office
    ledger: Ledger
    recordings: Recordings
    schedules: Schedules
    menus: Mapping[str, Menu]
    parents: Mapping[str, frozenset[str]]
    """Menu → menus that lead to it."""
    called: Mapping[str, str]
    """Menu that is a script of its own → the script's name."""
    person: str
    """The queue of those whose destination cannot be expressed."""
    queue_names: Names
    queues: dict[str, Queue]
    """By the destination that they were."""
    outside: dict[str, Outside]
    """By the number."""

    def tell(self, way: Way, weight: Weight, *, what: str, advice: str) -> None:
        """Tell what could not be carried over at the end of a way."""
        self.ledger.remark(weight, way.row, title=way.title, what=what, advice=advice)


def comment_of(title: str, row: Row) -> str:
    """Return the comment that says where a node came from."""
    return f"FreePBX: {title}, {row.name}"
