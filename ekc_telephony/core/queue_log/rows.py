"""
The rows of a queue_log, spelled as app_queue of Asterisk 22 spells them.

A row is a moment, a call, a queue, an agent, an event and up to five fields; `line` is how
`logger.c` writes it into the file. What an event's fields mean stands in
`docs/operations/queue_log.md`.

Rule 1: a row's `origin` names the fact it comes from, so the same fact makes the same row, and a
table that has it refuses it.
Rule 2: durations are differences of whole seconds, as `time(NULL)` gives them; ring times that end
without an answer are milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

NONE: Final = "NONE"
"""What app_queue writes where there is no call, queue or agent."""
MANAGER: Final = "MANAGER"
"""What it writes for the call when an agent was signed in or out by management."""
AUTO_PAUSE: Final = "Auto-Pause"
"""The reason it gives for an agent who let a call ring out (`autopause`)."""
FIELDS: Final = 5
"""`data1` to `data5`; a sixth would be part of the fifth, as in `ast_queue_log`."""
_SECOND: Final = timedelta(seconds=1)
_SEPARATOR: Final = "|"


class QueueEvent(Enum):
    """The fifth field of a line."""

    ABANDON = "ABANDON"
    ADDMEMBER = "ADDMEMBER"
    ATTENDEDTRANSFER = "ATTENDEDTRANSFER"
    BLINDTRANSFER = "BLINDTRANSFER"
    COMPLETEAGENT = "COMPLETEAGENT"
    COMPLETECALLER = "COMPLETECALLER"
    CONFIGRELOAD = "CONFIGRELOAD"
    CONNECT = "CONNECT"
    DID = "DID"
    """Not app_queue's own: dialplans write it with `QueueLog()`, and readers know it."""
    ENTERQUEUE = "ENTERQUEUE"
    EXITEMPTY = "EXITEMPTY"
    EXITWITHKEY = "EXITWITHKEY"
    EXITWITHTIMEOUT = "EXITWITHTIMEOUT"
    PAUSE = "PAUSE"
    PAUSEALL = "PAUSEALL"
    QUEUESTART = "QUEUESTART"
    REMOVEMEMBER = "REMOVEMEMBER"
    RINGCANCELED = "RINGCANCELED"
    RINGNOANSWER = "RINGNOANSWER"
    UNPAUSE = "UNPAUSE"
    UNPAUSEALL = "UNPAUSEALL"
    WITHDRAW = "WITHDRAW"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLogRow:
    """One line of the file, one row of the table."""

    origin: str
    """The fact it comes from, and which of that fact's rows it is: `ekc-1795.17/12/0`."""
    at: datetime
    call: str
    queue: str
    agent: str
    event: QueueEvent
    fields: tuple[str, ...] = ("",)

    @property
    def epoch(self) -> int:
        """The moment as the file has it: whole seconds since 1970."""
        return int(self.at.timestamp())

    @property
    def detail(self) -> str:
        """What stands behind the event."""
        return _SEPARATOR.join(map(_plain, self.fields))

    @property
    def line(self) -> str:
        """The line, without its end."""
        heads = (self.call, self.queue, self.agent)
        names = _SEPARATOR.join(map(_plain, heads))
        return f"{self.epoch}|{names}|{self.event.value}|{self.detail}"

    def five_fields(self) -> tuple[str, ...]:
        """Return `data1` to `data5`, empty where there is nothing."""
        parts = [_plain(each) for each in self.fields]
        first = parts[: FIELDS - 1]
        last = _SEPARATOR.join(parts[FIELDS - 1 :])
        return (*first, *[""] * (FIELDS - 1 - len(first)), last)


def queue_start(at: datetime) -> QueueLogRow:
    """Return the row that says that queues begin to work."""
    return QueueLogRow(
        origin=f"start@{at.isoformat()}",
        at=at,
        call=NONE,
        queue=NONE,
        agent=NONE,
        event=QueueEvent.QUEUESTART,
    )


def seconds_between(earlier: datetime, later: datetime) -> int:
    """Return the difference of two readings of `time(NULL)`, never below zero."""
    return max(0, int(later.timestamp()) - int(earlier.timestamp()))


def rung_out_ms(since: datetime, until: datetime) -> int:
    """
    Return the ring time of a phone whose time was up.

    app_queue writes the queue's `timeout`, not what it measured; ours is known to the hundredth.
    """
    return max(0, round((until - since) / _SECOND)) * 1000


def ended_ms(since: datetime, until: datetime) -> int:
    """Return the ring time of a phone that refused: whole seconds, written as milliseconds."""
    return seconds_between(since, until) * 1000


def cancelled_ms(since: datetime, until: datetime) -> int:
    """Return how long a phone rang for a caller who gave up."""
    return max(0, (until - since) // timedelta(milliseconds=1))


def blind_transfer_fields(
    *, extension: str, context: str, hold_s: int, talk_s: int, position: int
) -> Sequence[str]:
    """Return the fields of BLINDTRANSFER: the agent passed the caller on without asking."""
    return (extension, context, str(hold_s), str(talk_s), str(position))


def attended_transfer_fields(
    *, method: str, detail: str, hold_s: int, talk_s: int, position: int
) -> Sequence[str]:
    """
    Return the fields of ATTENDEDTRANSFER: the agent passed the caller on after asking.

    Args:
        method: `BRIDGE`, `APP` or `LINK`.
        detail: The bridge's id, the application, or the two channels.
        hold_s: How long the caller had waited.
        talk_s: How long he had talked.
        position: His place when he entered.
    """
    return (method, detail, str(hold_s), str(talk_s), str(position))


def _plain(text: str) -> str:
    # A caller's number comes from the network; it must not make a line of its own.
    if text.isprintable() and _SEPARATOR not in text:
        return text
    return "".join("_" if each == _SEPARATOR or not each.isprintable() else each for each in text)
