"""
Plays the plan: every caller does his steps, on a real phone, at his time or cue.

Rule 1: a call that goes wrong still does its part for the cues, so nobody waits for it in vain.
Rule 2: what a caller should have heard is looked for in the whole of what his phone recorded.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, assert_never

from lab.demo.calls import (
    Act,
    Announce,
    Await,
    BeLeft,
    Cue,
    HangUp,
    Hear,
    HearAgent,
    HearText,
    PlannedCall,
    Press,
    Speak,
    Stay,
    Step,
)
from lab.demo.plan import AGENT_WORDS
from lab.demo.prompts import Prompts, prompt_sound
from lab.demo.site import MOST_CALLS
from lab.hearing import BEGINNING, Match, Sound, find_prompt
from lab.phones.line import Line
from lab.phones.stack import PhoneStack
from lab.phones.voice import whistle

LONGEST_CALL: Final = timedelta(seconds=180)
AGENT_BEGINNING: Final = timedelta(seconds=1)
"""How much of the operator's words is looked for. They come by way of two phones and a mixing
bridge without a jitter buffer, where a busy machine loses 20 ms now and then; one second is mostly
whole, and no prompt comes nearer to it than 0.32."""
_LET_FINISH_S: Final = 1.2
"""Callers do not talk into the operator's words, which are not over when they are recognised."""
KEPT_FREE: Final = 3
"""So many lines no caller takes by day: the engine hears of an end a moment after the phone."""
_LISTENED_EVERY: Final = timedelta(milliseconds=250)
"""Two dozen callers listen at once."""
_GLANCE: Final = timedelta(seconds=15)
"""So long a caller waits for the beginning of a prompt before he looks for what comes after it."""
_PAST: Final = timedelta(milliseconds=300)
"""So far into a prompt it is not taken for the next one, which may be the same."""
_CUE_PATIENCE: Final = LONGEST_CALL
"""Long enough for every way that leads to a cue; what comes later is judged as it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPrompt:
    """A prompt that should be in a recording."""

    prompt: str
    recording: Path
    score: float
    is_heard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedCall:
    """A planned call, and how it went as far as the caller's phone can tell."""

    planned: PlannedCall
    recording: Path
    prompts: tuple[HeardPrompt, ...]
    was_stuck: bool
    """The caller waited for something that did not come, and gave up."""


class Cues:
    """
    The moments callers meet at.

    Args:
        calls: The plan: a cue is given when every call that announces it has done so.
    """

    def __init__(self, calls: Iterable[PlannedCall]) -> None:
        self._missing = Counter(
            step.cue for call in calls for step in call.steps if isinstance(step, Announce)
        )
        self._given = {cue: asyncio.Event() for cue in Cue}

    def announce(self, cue: Cue) -> None:
        """Do one caller's part."""
        self._missing[cue] -= 1
        if self._missing[cue] <= 0:
            self._given[cue].set()

    async def wait(self, cue: Cue) -> None:
        """Wait until everybody has done his part, but not for ever."""
        await _within(_CUE_PATIENCE, self._given[cue])


@dataclass(slots=True)
class _Caller:
    """A caller's phone, and how far he has listened."""

    line: Line
    position: timedelta = timedelta()

    async def hear(
        self, prompt: Sound, *, patience: timedelta, beginning: timedelta = BEGINNING
    ) -> bool:
        """Wait for a prompt after the one that was heard last; return whether it came."""
        for _ in range(math.ceil(patience / _GLANCE)):
            match = await self.line.hear(
                prompt,
                patience=_GLANCE,
                beginning=beginning,
                since=self.position,
                every=_LISTENED_EVERY,
            )
            if match is not None:
                self.position = timedelta(seconds=max(0.0, match.at_s)) + _PAST
                return True
            if find_piece(self.line.heard_so_far.after(self.position), prompt).is_heard:
                return True
        return False


class Stage:
    """
    Play calls.

    Args:
        stack: Where phones come from.
        plan: All calls.
        prompts: What callers hear.
        tell: Takes what happens, in words.
    """

    def __init__(
        self,
        stack: PhoneStack,
        plan: Iterable[PlannedCall],
        *,
        prompts: Prompts,
        tell: Callable[[str], None],
    ) -> None:
        self._stack = stack
        self._plan = tuple(plan)
        self._prompts = prompts
        self._tell = tell
        self._cues = Cues(self._plan)
        self._voice = whistle()
        self._free_lines = asyncio.Semaphore(MOST_CALLS - KEPT_FREE)

    async def play(self, act: Act) -> list[PlayedCall]:
        """Play all calls of an act."""
        calls = [call for call in self._plan if call.act is act]
        if act is Act.STORM:
            for fate, many in Counter(call.fate for call in calls).items():
                self._tell(f"☎ × {many}: {fate.value}")
        async with asyncio.TaskGroup() as tasks:
            playing = [tasks.create_task(self._play_in_time(call)) for call in calls]
        return [each.result() for each in playing]

    async def until(self, cue: Cue) -> None:
        """Wait until everybody has done his part for a cue."""
        await self._cues.wait(cue)

    async def _play_in_time(self, call: PlannedCall) -> PlayedCall:
        if call.after is not None:
            await self._cues.wait(call.after)
        await asyncio.sleep(call.starts_at.total_seconds())
        async with nullcontext() if call.act is Act.STORM else self._free_lines:
            line, was_stuck = await self._call(call)
        wanted = [
            (self._prompts.name_of(each), self._prompts.sound_of(each)) for each in call.heard
        ]
        prompts = await asyncio.to_thread(check_prompts, wanted, line.recording)
        return PlayedCall(
            planned=call, recording=line.recording, prompts=prompts, was_stuck=was_stuck
        )

    async def _call(self, call: PlannedCall) -> tuple[Line, bool]:
        """Let a caller do his steps; return his phone, and whether he waited in vain."""
        shown = call.number or "номер скрыт"
        if call.act is not Act.STORM:
            self._tell(f"☎ {shown}: {call.fate.value}")
        line = await self._stack.dial(call.did, number=call.number, name=call.fate.name.lower())
        parts = [step.cue for step in call.steps if isinstance(step, Announce)]
        was_stuck = False
        caller = _Caller(line)
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                for step in call.steps:
                    if isinstance(step, Announce):
                        parts.remove(step.cue)
                    if not await self._do(step, caller):
                        was_stuck = True
                        self._tell(f"✗ {shown}: ждал и не дождался: {step}")
                        break
        except TimeoutError:
            was_stuck = True
        finally:
            for cue in parts:
                self._cues.announce(cue)
        await line.hang_up()
        await line.recorded.wait()
        return line, was_stuck

    async def _do(self, step: Step, caller: _Caller) -> bool:
        """Do one step; return whether what was waited for has come."""
        line = caller.line
        match step:
            case Hear(patience=patience) | HearText(patience=patience):
                return await caller.hear(self._prompts.sound_of(step), patience=patience)
            case HearAgent(patience=patience):
                is_there = await caller.hear(
                    agent_words(), patience=patience, beginning=AGENT_BEGINNING
                )
                await asyncio.sleep(_LET_FINISH_S)
                line.say(self._voice, is_repeated=True)
                return is_there
            case Press(keys=keys):
                await line.press(keys)
            case Speak():
                line.say(self._voice, is_repeated=True)
            case Stay(duration=duration):
                await _within(duration, line.ended)
            case Announce(cue=cue):
                self._cues.announce(cue)
            case Await(cue=cue):
                await self._cues.wait(cue)
            case HangUp():
                await line.hang_up()
            case BeLeft():
                return await _within(LONGEST_CALL, line.ended)
            case _:
                assert_never(step)
        return True


def check_prompts(wanted: Iterable[tuple[str, Sound]], recording: Path) -> tuple[HeardPrompt, ...]:
    """Look for prompts, each with its name, in a recording."""
    heard = Sound.read(recording)
    found: list[HeardPrompt] = []
    for name, prompt in wanted:
        match = find_piece(heard, prompt)
        found.append(
            HeardPrompt(
                prompt=name, recording=recording, score=match.score, is_heard=match.is_heard
            )
        )
    return tuple(found)


def find_piece(heard: Sound, prompt: Sound) -> Match:
    """
    Look for the beginning of a prompt, or else for what comes after it.

    A machine that is busy for a moment loses a packet: what comes after it is 20 ms early, and two
    seconds of sound are not alike any more.
    """
    match = find_prompt(heard, prompt)
    rest = prompt.after(BEGINNING)
    if match.is_heard or rest.duration < BEGINNING:
        return match
    return max(match, find_prompt(heard, rest), key=lambda each: each.score)


def agent_words() -> Sound:
    """Return what operators say again and again, with pauses in which the caller is heard."""
    words = prompt_sound(AGENT_WORDS).beginning(timedelta(seconds=2.2))
    return words.then_silence(timedelta(seconds=1.4))


async def _within(duration: timedelta, event: asyncio.Event) -> bool:
    """Wait for an event; return whether it came in time."""
    try:
        async with asyncio.timeout(duration.total_seconds()):
            await event.wait()
    except TimeoutError:
        return False
    return True
