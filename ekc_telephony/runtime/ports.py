"""
What the engine needs from the world, by role.

Adapters implement these; the core never sees them. Every port has one contract suite in
`tests/adapters/`, which runs on the fake and on the real thing alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import Ended, OpenCall, PresenceDeclared
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.ivr.published import Bundle, Present, Publication
from ekc_telephony.core.kernel.ids import LegId, ScriptId


class CommandRefusedError(Exception):
    """
    The world did not carry out a command.

    Args:
        detail: What it answered, without personal data.
        is_gone: The leg, bridge or playback no longer exists; an ordinary race with a hangup.
    """

    def __init__(self, detail: str, *, is_gone: bool) -> None:
        super().__init__(detail)
        self.detail = detail
        self.is_gone = is_gone


class StoreUnavailableError(Exception):
    """The store did not take the facts; they are to be offered again later."""


class FactsRefusedError(StoreUnavailableError):
    """
    The store works, but will never take these facts as they are: a constraint, a wrong value.

    Nothing of the batch was written. With one fact in the batch, it is that fact.
    """


class ScriptStoreError(Exception):
    """The published scripts cannot be read or written; the text says why and what to do."""


class ScriptsUnreadableError(Exception):
    """What is published cannot be used by this engine; the text says why and what to do."""


class CallControl(Protocol):
    """Carries out commands."""

    async def execute(self, command: Command) -> None:
        """
        Carry out one command and return when the world has accepted it.

        Raises:
            CommandRefusedError: It was refused, or no answer came in time.
        """
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the present moment: UTC, aware, never decreasing within one process."""
        ...


class Journal(Protocol):
    """Keeps records in the order in which they were written, over the death of the engine."""

    needed_from: int
    """The first position whose record is still needed."""

    @property
    def is_full(self) -> bool:
        """Tell whether a new segment is to be begun."""
        ...

    def begin_segment(self, opening: bytes) -> int:
        """Begin a new segment with this record."""
        ...

    def append(self, record: bytes) -> int:
        """Write a record and return its position, 1 for the first ever; never raises."""
        ...


class Witness(Protocol):
    """Somebody who saw legs end while we did not look: Asterisk's own record."""

    def ended(self, legs: Collection[LegId], *, since: datetime) -> Mapping[LegId, Ended]:
        """Return how legs ended, as far as it is known, looking back until `since`."""
        ...


class FactSink(Protocol):
    """Listens to what the core concluded."""

    def record(self, fact: Fact) -> None:
        """Take note of the fact; never blocks and never raises."""
        ...


class AppealStore(Protocol):
    """Keeps calls, their segments, their appeals, and what agents declared."""

    async def write(self, facts: Sequence[Fact]) -> None:
        """
        Write the facts in one transaction; facts already written change nothing.

        Raises:
            StoreUnavailableError: Nothing of this batch was written.
        """
        ...

    async def declared_presences(self) -> Sequence[PresenceDeclared]:
        """
        Return what each agent declared last, to start with after a restart.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        ...

    async def open_calls(self, node: str) -> Sequence[OpenCall]:
        """
        Return the calls of a node that have begun and not ended, in order of beginning.

        Args:
            node: The node's name, with which the ids of its calls begin: `ekc`, for `ekc-1795.17`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody who publishes wants changed."""

    present: Present
    """What callers shall meet; the store gives it its number."""
    publication: Publication
    """The same for the register; the store gives it its numbers."""
    bundles: Sequence[Bundle] = ()
    """Versions that the store may not have."""


class ScriptStore(Protocol):
    """
    Keeps what is published: versions of scripts, which of them callers meet, and the register.

    Whatever interrupts a change, what callers meet is as before or as after, and never between.
    """

    def mark(self) -> object:
        """Return what is equal as long as `present` is; cheap, and never raises."""
        ...

    def present(self) -> Present:
        """
        Return what callers meet.

        Raises:
            ScriptStoreError: It cannot be read.
        """
        ...

    def bundle(self, script: ScriptId, version: str) -> Bundle:
        """
        Return a version of a script.

        Raises:
            ScriptStoreError: There is none, or it is not what was published.
        """
        ...

    def publications(self) -> Sequence[Publication]:
        """
        Return everything that was done and took effect, oldest first.

        Raises:
            ScriptStoreError: It cannot be read.
        """
        ...

    def change(self, decide: Callable[[Present], Decision]) -> Present:
        """
        Change what callers meet, and return it.

        Args:
            decide: Is told what they meet now; nobody changes it meanwhile. Whatever it raises is
                passed on, and nothing is changed.

        Raises:
            ScriptStoreError: It cannot be written, or somebody else is at it and does not finish.
        """
        ...
