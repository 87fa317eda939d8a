"""
Keeps a call of the fallback until the engine is back: a process that Asterisk starts (AGI).

    ekc-fallback FOLDER

It runs twice for a call: when the caller asks to be called back, and when his channel goes (then
the channel is dead, which AGI allows). What it keeps is in channel variables, set by the dialplan
(context `fallback`); it becomes `FOLDER/<call>.json`, complete or not there at all. It tells the
dialplan how it went by the variable EKC_SPOOLED: `yes`, or the trouble in words.

Rule 1: nothing is imported but the standard library and pyst2; `ekc_telephony` may not be there.
Rule 2: nothing is printed: pyst2's own chatter on standard error would bring numbers into a log.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping

from asterisk.agi import AGI

VERSION = 1
"""Of the file's format."""


def record(call: str, variable: Callable[[str], str]) -> Mapping[str, object]:
    """
    Return what is kept of a call.

    Args:
        call: Asterisk's unique id of its channel.
        variable: Returns a channel variable; empty when it is not set.

    Raises:
        ValueError: A moment is no number.
    """
    return {
        "version": VERSION,
        "call": call,
        "did": variable("EKC_DID"),
        "number": variable("EKC_NUMBER") or None,
        "began_at": float(variable("EKC_BEGAN_AT")),
        "entered_at": float(variable("EKC_ENTERED_AT")),
        "ended_at": _moment(variable("EKC_ENDED_AT")),
        "was_served": variable("EKC_SERVED") == "1",
        "choice": variable("EKC_CHOICE") or None,
        "answered_at": _moment(variable("EKC_ANSWERED_AT")),
        "agent": variable("EKC_AGENT") or None,
    }


def keep(content: Mapping[str, object], *, folder: str) -> None:
    """
    Write a call into the folder; when this returns it survives a power failure.

    Raises:
        OSError: The disk or its permissions are in the way; an older file is still whole.
    """
    path = os.path.join(folder, f"{content['call']}.json")  # noqa: PTH118 - pathlib costs 10 ms
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)  # noqa: PTH105 - as above


def main() -> None:
    """Serve one call of Asterisk."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - as above
        agi = AGI(stderr=nowhere)
        try:
            noted = record(agi.env["agi_uniqueid"], agi.get_variable)
            keep(noted, folder=sys.argv[1])
        except (OSError, ValueError) as trouble:
            agi.set_variable("EKC_SPOOLED", str(getattr(trouble, "strerror", None) or trouble))
        else:
            agi.set_variable("EKC_SPOOLED", "yes")


def _moment(text: str) -> float | None:
    return float(text) if text else None


if __name__ == "__main__":
    main()
