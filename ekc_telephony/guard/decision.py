"""
What the guard does when: pure, `handle(observation, now)` gives actions.

The engine is taken for dead when its heartbeat has not changed for `PATIENCE`. That proves
something only while we are looking and Asterisk answers: a frozen Asterisk shows an old heartbeat,
too, and so does a guard that was frozen itself. So time counts only while no two readings are more
than `LONGEST_GAP` apart; after a longer gap, or when AMI was lost, it is counted anew.

Rule 1: nobody is touched before this guard has itself watched one heartbeat for `PATIENCE`.
Rule 2: two people in a bridge are never touched.
Rule 3: who is not in the engine's application is never touched.
Rule 4: an empty heartbeat is one like any other: the engine has not begun to beat since Asterisk's
start, so nobody serves its callers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

PATIENCE: Final = timedelta(seconds=4)
"""
How long a heartbeat may stand still. It changes twice a second, so an engine that beats again 3.5 s
after its death loses no caller, and whoever is rescued hears an apology within 5 s.
"""
LONGEST_GAP: Final = timedelta(seconds=1.5)
"""Between two readings; more means that we, or Asterisk, stood still in between."""
SWEEP_EVERY: Final = timedelta(seconds=0.5)
"""How often callers are looked for while the engine is away."""
ALONE_FOR: Final = timedelta(seconds=0.5)
"""How long somebody whose partner has hung up hears silence before he is hung up, too."""

APPLICATION: Final = "ekc"
"""The engine's ARI application, as the dialplan names it in `Stasis(ekc,...)`."""
CITIZEN: Final = "inbound"
OPERATORS: Final = frozenset({"agent", "feature"})
"""What follows in `Stasis(ekc,...)`: a citizen; an operator's leg, a feature code he dialled."""
_OFFER: Final = re.compile(r"-offer-\d+$")
_DIALLING: Final = "AppDial2"
"""What Asterisk calls the application of a leg that ARI dials and nobody has answered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of Asterisk, at one moment."""

    identity: str
    """Its unique id; holds nothing personal."""
    name: str
    """What AMI's actions call it."""
    application: str
    """The dialplan application that runs on it."""
    arguments: tuple[str, ...]
    """Of the application."""
    bridge: str | None
    """The id of the bridge it is in."""

    @property
    def is_citizens(self) -> bool:
        """Whether it is a citizen in the engine's hands."""
        return self._role == CITIZEN

    @property
    def is_operators(self) -> bool:
        """Whether it is an operator's phone in the engine's hands, ringing included."""
        is_ringing = self.application == _DIALLING and _OFFER.search(self.identity) is not None
        return is_ringing or self._role in OPERATORS

    @property
    def _role(self) -> str | None:
        match self.application, self.arguments:
            case "Stasis", (application, role, *_) if application == APPLICATION:
                return role
            case _:
                return None


@dataclass(frozen=True, slots=True)
class SightLost:
    """AMI broke, or did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRead:
    """Asterisk told what `EKC_ENGINE` is."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsListed:
    """Asterisk told which channels there are."""

    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class ListChannels:
    """Ask which channels there are."""


@dataclass(frozen=True, slots=True)
class SendToFallback:
    """Let a citizen go on at `fallback,s,1`."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a channel, normally."""

    channel: Channel


Observation: TypeAlias = SightLost | HeartbeatRead | ChannelsListed
Action: TypeAlias = ListChannels | SendToFallback | HangUp
Moment: TypeAlias = timedelta
"""On the guard's own monotonic clock."""


class Guard:
    """Watches the heartbeat, and says what is to be done about callers."""

    def __init__(self) -> None:
        self.is_engine_away = False
        """Whether the heartbeat has stood still for `PATIENCE` before our eyes."""
        self._heartbeat: str | None = None
        self._watched_since: Moment | None = None
        self._read_at: Moment | None = None
        self._swept_at: Moment | None = None
        self._alone_since: Mapping[str, Moment] = MappingProxyType({})

    def handle(self, observation: Observation, now: Moment) -> list[Action]:
        """
        Take note of an observation, and return what is to be done.

        Args:
            observation: What was seen.
            now: When the answer came; never decreases.
        """
        match observation:
            case SightLost():
                self._read_at = None
                self._count_anew(now)
                return []
            case HeartbeatRead(value=value):
                return self._read(value, now)
            case ChannelsListed(channels=channels):
                return self._sweep(channels, now) if self._is_watched_at(now) else []

    def _read(self, value: str, now: Moment) -> list[Action]:
        is_first = self._watched_since is None
        if is_first or value != self._heartbeat or not self._was_watched_until(now):
            self._count_anew(now)
        self._heartbeat, self._read_at = value, now
        assert self._watched_since is not None
        self.is_engine_away = now - self._watched_since >= PATIENCE
        is_due = self._swept_at is None or now - self._swept_at >= SWEEP_EVERY
        return [ListChannels()] if self.is_engine_away and is_due else []

    def _count_anew(self, now: Moment) -> None:
        self.is_engine_away = False
        self._watched_since = now
        self._alone_since = MappingProxyType({})

    def _was_watched_until(self, now: Moment) -> bool:
        return self._read_at is not None and now - self._read_at <= LONGEST_GAP

    def _is_watched_at(self, now: Moment) -> bool:
        """Tell whether what we know of the engine is fresh enough to act on a list."""
        return self.is_engine_away and self._was_watched_until(now)

    def _sweep(self, channels: Sequence[Channel], now: Moment) -> list[Action]:
        self._swept_at = now
        parked = [each for each in channels if each.bridge is None]
        alone = _alone(channels)
        self._alone_since = MappingProxyType(
            {each.identity: self._alone_since.get(each.identity, now) for each in alone}
        )
        lonely = [each for each in alone if now - self._alone_since[each.identity] >= ALONE_FOR]
        return [
            *(SendToFallback(each) for each in parked if each.is_citizens),
            *(HangUp(each) for each in parked if each.is_operators),
            *(HangUp(each) for each in lonely),
        ]


def _alone(channels: Sequence[Channel]) -> list[Channel]:
    """Return who is in the engine's hands and in a bridge without anybody else."""
    people = Counter(each.bridge for each in channels)
    return [
        each
        for each in channels
        if each.bridge is not None
        and people[each.bridge] == 1
        and (each.is_citizens or each.is_operators)
    ]
