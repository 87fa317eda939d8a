"""
The waiting room: what a caller hears from joining a queue until an agent answers.

Who was answered before hears that all are busy, his place, music, and his place again from time to
time, with the expected wait if his queue tells it (`promise.py` says how) and the keys that lead
out of it; while a phone already rings for him, music only. Who was not answered yet hears ringing.

Rule 1: an announcement never cuts another prompt short and never sounds while a phone rings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ekc_telephony.core.acd.expected_wait import ExpectedWait
from ekc_telephony.core.acd.specs import KeyTarget, QueueSpec
from ekc_telephony.core.call.commands import Command, SignalRinging
from ekc_telephony.core.engine.ear import Ear
from ekc_telephony.core.engine.promise import Promise
from ekc_telephony.core.engine.state import RoomState
from ekc_telephony.core.ivr.spoken import spoken_key, spoken_position
from ekc_telephony.core.kernel.ids import CallId, LegId, PromptKey

PLACE_INTRO: Final = PromptKey("queue-position-intro")
KEY_WORDS: Final[Mapping[KeyTarget, PromptKey]] = MappingProxyType(
    {
        KeyTarget.CALLBACK: PromptKey("queue-key-callback"),
        KeyTarget.MESSAGE: PromptKey("queue-key-message"),
        KeyTarget.QUEUE: PromptKey("queue-key-queue"),
    }
)
"""What is said of a key before it is named: «Чтобы оставить сообщение, нажмите:»."""
WELCOME: Final = (PromptKey("queue-welcome"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldKey:
    """A key that a waiting caller is told of."""

    target: KeyTarget
    words: tuple[PromptKey, ...]
    is_told_later: bool
    """Not until an overflow has offered what it does."""


def told_keys(spec: QueueSpec, *, may_call_back: bool) -> tuple[ToldKey, ...]:
    """
    Return the keys of a queue that a caller is told of.

    Args:
        spec: The queue.
        may_call_back: Whether his number is known.
    """
    return tuple(
        ToldKey(
            target=each.target,
            words=(each.said_by or KEY_WORDS[each.target], spoken_key(key)),
            is_told_later=each.target in spec.offered_later,
        )
        for key, each in spec.keys.items()
        if may_call_back or each.target is not KeyTarget.CALLBACK
    )


class WaitingRoom:
    """
    One caller's wait.

    Args:
        call: The call.
        ear: What its caller hears.
        announce_every: How often he is told his place; None for never.
        position_of: Tells his place.
        expected_wait_of: Tells how long he will wait, as far as it is known; None when his queue
            does not announce it.
        keys: Returns those that lead out, as he is told of them; asked when he is told.
    """

    def __init__(
        self,
        call: CallId,
        ear: Ear,
        *,
        announce_every: timedelta | None,
        position_of: Callable[[CallId], int | None],
        expected_wait_of: Callable[[CallId, datetime], ExpectedWait | None] | None = None,
        keys: Callable[[], tuple[ToldKey, ...]] = tuple,
    ) -> None:
        self._call = call
        self._ear = ear
        self._announce_every = announce_every
        self._position_of = position_of
        self._expected_wait_of = expected_wait_of
        self._keys = keys
        self._promise = Promise()
        self._announce_at: datetime | None = None
        self._has_entered = False
        self._offered: set[KeyTarget] = set()

    def resume(self, state: RoomState) -> None:
        """Go on where the room of this state was."""
        self._announce_at = state.announce_at
        self._has_entered = state.has_entered
        self._offered = {
            target
            for target, is_offered in (
                (KeyTarget.CALLBACK, state.offers_callback),
                (KeyTarget.MESSAGE, state.offers_message),
            )
            if is_offered
        }
        self._promise = Promise(state.told)

    def state(self) -> RoomState:
        """Return what is needed to go on."""
        return RoomState(
            announce_at=self._announce_at,
            has_entered=self._has_entered,
            offers_callback=KeyTarget.CALLBACK in self._offered,
            offers_message=KeyTarget.MESSAGE in self._offered,
            told=self._promise.told,
        )

    def next_deadline(self) -> datetime | None:
        """Return when the next announcement is due."""
        return self._announce_at

    @property
    def has_entered(self) -> bool:
        """Tell whether he has heard that he waits."""
        return self._has_entered

    def leave(self) -> None:
        """Let `enter` tell him again that he waits."""
        self._has_entered = False

    def enter(self, now: datetime, *, is_offered: bool) -> list[Command]:
        """Let him hear, once, that he waits."""
        if self._has_entered:
            return []
        self._has_entered = True
        if not self._ear.is_answered:
            return [SignalRinging(call=self._call, leg=LegId(self._call))]
        self._plan_announcement(now)
        if is_offered:
            return self._ear.play_music()
        return self._ear.say(WELCOME + self._place(now), now)

    def offer(self, target: KeyTarget, now: datetime, *, is_offered: bool) -> list[Command]:
        """Tell him, now and with every announcement, what he can do instead of waiting."""
        self._offered.add(target)
        words = self._words({target})
        if not words or not self._has_entered or is_offered or self._ear.is_busy:
            return []
        return self._ear.say(words, now)

    def _words(
        self, targets: Collection[KeyTarget] = frozenset(KeyTarget)
    ) -> tuple[PromptKey, ...]:
        """Return what to say of the keys that lead to one of these."""
        return tuple(
            word
            for key in self._keys()
            if key.target in targets and (key.target in self._offered or not key.is_told_later)
            for word in key.words
        )

    def on_time(self, now: datetime, *, is_offered: bool) -> list[Command]:
        """Tell him his place when it is time."""
        if self._announce_at is None or now < self._announce_at:
            return []
        self._plan_announcement(now)
        if is_offered or self._ear.is_busy:
            return []
        place = self._place(now)
        return self._ear.say(place, now) if place else []

    def _plan_announcement(self, now: datetime) -> None:
        every = self._announce_every
        self._announce_at = None if every is None else now + every

    def _place(self, now: datetime) -> tuple[PromptKey, ...]:
        """Return what to say of his place, which he is then taken to have heard."""
        position = self._position_of(self._call)
        if position is None:
            return self._words()
        return (PLACE_INTRO, *spoken_position(position), *self._wait(now), *self._words())

    def _wait(self, now: datetime) -> tuple[PromptKey, ...]:
        if self._expected_wait_of is None:
            return ()
        return self._promise.words(self._expected_wait_of(self._call, now), now)
