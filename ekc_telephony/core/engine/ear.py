"""
The caller's ear: what he hears now, and the commands that change it.

A caller hears one thing at a time: silence, prompts, or music. Sessions say what he shall hear;
this keeps account of what has to be stopped first, answers him before the first sound, and knows
which `PlaybackFinished` still matters.

Rule 1: nothing is played before the caller is answered.
Rule 2: the end of a playback that was replaced or stopped concerns nobody.
Rule 3: no playback lasts for ever: after `PLAYBACK_LIMIT` it counts as over in any case.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    Command,
    PlayPrompts,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from ekc_telephony.core.engine.state import EarState
from ekc_telephony.core.kernel.ids import CallId, LegId, PlaybackId, PromptKey

PLAYBACK_LIMIT: Final = timedelta(minutes=5)
"""Longer than any list of prompts we play; a lost event must not keep a caller in silence."""


class Ear:
    """
    What one leg hears.

    Args:
        call: The call it belongs to.
        leg: The leg.
        is_answered: Whether it was answered before we met it.
        playbacks: How many playbacks of it have been numbered before.
    """

    def __init__(
        self, call: CallId, leg: LegId, *, is_answered: bool = False, playbacks: int = 0
    ) -> None:
        self._call = call
        self._leg = leg
        self._is_answered = is_answered
        self._playback: PlaybackId | None = None
        self._prompts: tuple[PromptKey, ...] = ()
        self._playback_limit: datetime | None = None
        self._hears_music = False
        self._playbacks = playbacks

    @classmethod
    def restored(cls, call: CallId, leg: LegId, state: EarState) -> Ear:
        """Go on where the ear of this state was."""
        ear = cls(call, leg, is_answered=state.is_answered, playbacks=state.playbacks)
        ear._playback = state.playback
        ear._prompts = state.prompts
        ear._playback_limit = state.playback_limit
        ear._hears_music = state.hears_music
        return ear

    def state(self) -> EarState:
        """Return what is needed to go on."""
        return EarState(
            is_answered=self._is_answered,
            playback=self._playback,
            prompts=self._prompts,
            playback_limit=self._playback_limit,
            hears_music=self._hears_music,
            playbacks=self._playbacks,
        )

    @property
    def is_answered(self) -> bool:
        """Tell whether the leg is answered."""
        return self._is_answered

    @property
    def prompts(self) -> tuple[PromptKey, ...]:
        """What is or was last played."""
        return self._prompts

    @property
    def is_busy(self) -> bool:
        """Tell whether prompts are being played."""
        return self._playback is not None

    def is_hearing(self, playback: PlaybackId) -> bool:
        """Tell whether this is what he hears now."""
        return self._playback == playback

    def next_deadline(self) -> datetime | None:
        """Return when the present playback counts as over at the latest."""
        return self._playback_limit

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether the present playback has lasted longer than any may."""
        return self._playback_limit is not None and now >= self._playback_limit

    def answer(self) -> list[Command]:
        """Answer the leg, once."""
        if self._is_answered:
            return []
        self._is_answered = True
        return [AnswerLeg(call=self._call, leg=self._leg)]

    def say(self, prompts: tuple[PromptKey, ...], now: datetime) -> list[Command]:
        """Play prompts instead of what he hears."""
        commands = self.hush() + self.answer()
        self._playbacks += 1
        self._playback = PlaybackId(f"{self._leg}-play-{self._playbacks}")
        self._prompts = prompts
        self._playback_limit = now + PLAYBACK_LIMIT
        play = PlayPrompts(call=self._call, leg=self._leg, playback=self._playback, prompts=prompts)
        return [*commands, play]

    def play_music(self) -> list[Command]:
        """Play music instead of what he hears; nothing when he hears it already."""
        if self._hears_music:
            return []
        commands = self.hush() + self.answer()
        self._hears_music = True
        return [*commands, StartMusic(call=self._call, leg=self._leg)]

    def correct(self, *, is_answered: bool) -> None:
        """Take from Asterisk whether the leg is answered; our order to do it may be lost."""
        self._is_answered = is_answered

    def forget_music(self) -> None:
        """Take note that the order to play music was lost."""
        self._hears_music = False

    def hush(self) -> list[Command]:
        """Stop whatever he hears."""
        if self._playback is None and not self._hears_music:
            return []
        commands: list[Command] = []
        if self._playback is not None:
            commands.append(StopPlayback(call=self._call, playback=self._playback))
        if self._hears_music:
            commands.append(StopMusic(call=self._call, leg=self._leg))
        self.heard()
        self._hears_music = False
        return commands

    def heard(self) -> None:
        """Take note that the playback is over."""
        self._playback = None
        self._playback_limit = None
