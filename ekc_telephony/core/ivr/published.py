"""
What is published: the versions of scripts that callers meet, what lies over them, and who did it.

A *bundle* is a script as text with all the scripts that it calls; its version is a hash of them.
Bundles never change. Which of them callers meet is one small value, `Present`: a version for each
script, and the overlays. Everything that changes it is a *publication* with the next number: who
did it, when, why, what differs, and what was checked before.

Rule 1: of one number there is one state of what callers meet; numbers only grow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from ekc_telephony.core.ivr.overlay import Overlay
from ekc_telephony.core.kernel.ids import OverlayId, ScriptId

_MARK_LENGTH: Final = 16
_SECTION: Final = "# -----8<----- script "
"""As `settings/ivr/load.py` knows it."""


def mark_of(text: str) -> str:
    """Return what tells a text from all others."""
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A script as text, with all the scripts that it calls."""

    script: ScriptId
    texts: Mapping[str, str]
    """By the name of the script; the script's own is among them."""

    @property
    def joined(self) -> str:
        """All texts in one: the script's own, then each it calls behind a line with its name."""
        whole = self.texts[self.script]
        for name in sorted(self.texts.keys() - {self.script}):
            end = "" if whole.endswith("\n") else "\n"
            whole += f"{end}{_SECTION}{name}\n{self.texts[name]}"
        return whole

    @property
    def version(self) -> str:
        """What tells it from all others; of a script that calls none, its text's mark."""
        return mark_of(self.joined)


def taken_apart(script: ScriptId, joined: str) -> Bundle:
    """Return the bundle of joined texts."""
    own, *called = re.split(rf"^{_SECTION}([A-Za-z0-9_-]+)\n", joined, flags=re.MULTILINE)
    texts = {script: own, **dict(zip(called[::2], called[1::2], strict=True))}
    return Bundle(script=script, texts=texts)


def version_under(version: str, overlays: Iterable[Overlay]) -> str:
    """Return the version of a script with overlays over it; no two overlays have one name."""
    return "+".join([version, *(each.overlay for each in overlays)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who changes what callers meet."""

    name: str
    """Who he says he is; his login unless he says otherwise."""
    login: str
    """Of the operating system; behind `sudo`, of whoever called it."""


class Deed(Enum):
    """What was done."""

    PUBLISHED = "published"
    ROLLED_BACK = "rolled_back"
    OVERLAY_PROPOSED = "overlay_proposed"
    OVERLAY_CONFIRMED = "overlay_confirmed"
    OVERLAY_REMOVED = "overlay_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One script that callers meet in another version."""

    script: ScriptId
    version: str
    before: str | None
    """None: nothing of it was published before."""
    diff: str
    """What differs, as `diff -u` shows it; empty when nothing was published before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One line of the register."""

    deed: Deed
    at: datetime
    who: Person
    why: str
    changes: tuple[Change, ...] = ()
    overlay: Overlay | None = None
    """What was proposed, confirmed or removed."""
    gate: tuple[str, ...] = ()
    """What was checked before, each without an objection."""
    number: int = 0
    """Given by the store."""
    after: int = 0
    """The number of the state that it changed; 0: of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An overlay that waits for a second person."""

    overlay: Overlay
    who: Person
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What callers meet now."""

    number: int = 0
    """Of the last publication; 0: nothing was ever published."""
    scripts: Mapping[ScriptId, str] = field(default_factory=dict)
    """The version of each script."""
    overlays: tuple[Overlay, ...] = ()
    """Confirmed; expired ones may still be among them, nobody meets them."""
    proposals: tuple[Proposal, ...] = ()
    """Nobody meets them."""

    def overlay(self, overlay: OverlayId) -> Overlay | None:
        """Return a confirmed or proposed overlay, if there is one of this name."""
        known = (*self.overlays, *(each.overlay for each in self.proposals))
        return next((each for each in known if each.overlay == overlay), None)
