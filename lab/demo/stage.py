"""
Plays the plan: every caller does his steps, on a real phone, at his time or cue.

Rule 1: a call that goes wrong still does its part for the cues, so nobody waits for it in vain.
Rule 2: what a caller should have heard is looked for in the whole of what his phone recorded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, assert_never

from lab.demo.plan import (
    AGENT_WORDS,
    Announce,
    Await,
    BeLeft,
    Cue,
    HangUp,
    Hear,
    HearAgent,
    PlannedCall,
    Press,
    Stay,
    Step,
)
from lab.hearing import Sound, find_prompt
from lab.phones.line import Line
from lab.phones.stack import PhoneStack
from lab.phones.voice import whistle
from lab.runtime import PROJECT

LONGEST_CALL: Final = timedelta(seconds=120)
AGENT_BEGINNING: Final = timedelta(seconds=1)
"""How much of the operator's words is looked for. They come by way of two phones and a mixing
bridge without a jitter buffer, where a busy machine loses 20 ms now and then; one second is mostly
whole, and no prompt comes nearer to it than 0.32."""
_LET_FINISH_S: Final = 1.2
"""Callers do not talk into the operator's words, which are not over when they are recognised."""
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


class Stage:
    """
    Play calls.

    Args:
        stack: Where phones come from.
        plan: All calls.
        tell: Takes what happens, in words.
    """

    def __init__(
        self, stack: PhoneStack, plan: Iterable[PlannedCall], *, tell: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._plan = tuple(plan)
        self._tell = tell
        self._cues = Cues(self._plan)
        self._voice = whistle()

    async def play(self) -> list[PlayedCall]:
        """Play the whole plan."""
        async with asyncio.TaskGroup() as tasks:
            playing = [tasks.create_task(self._play_in_time(call)) for call in self._plan]
        return [each.result() for each in playing]

    async def _play_in_time(self, call: PlannedCall) -> PlayedCall:
        if call.after is not None:
            await self._cues.wait(call.after)
        await asyncio.sleep(call.starts_at.total_seconds())
        return await self._play(call)

    async def _play(self, call: PlannedCall) -> PlayedCall:
        shown = call.number or "номер скрыт"
        self._tell(f"☎ {shown}: {call.fate.value}")
        line = await self._stack.dial(call.did, number=call.number, name=call.fate.name.lower())
        parts = [step.cue for step in call.steps if isinstance(step, Announce)]
        was_stuck = False
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                for step in call.steps:
                    if isinstance(step, Announce):
                        parts.remove(step.cue)
                    if not await self._do(step, line):
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
        prompts = await asyncio.to_thread(check_prompts, call.prompts, line.recording)
        return PlayedCall(
            planned=call, recording=line.recording, prompts=prompts, was_stuck=was_stuck
        )

    async def _do(self, step: Step, line: Line) -> bool:
        """Do one step; return whether what was waited for has come."""
        match step:
            case Hear(prompt=prompt, patience=patience):
                return await line.hear(prompt_sound(prompt), patience=patience) is not None
            case HearAgent(patience=patience):
                match = await line.hear(agent_words(), patience=patience, beginning=AGENT_BEGINNING)
                await asyncio.sleep(_LET_FINISH_S)
                line.say(self._voice, is_repeated=True)
                return match is not None
            case Press(keys=keys):
                await line.press(keys)
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


def check_prompts(prompts: Iterable[str], recording: Path) -> tuple[HeardPrompt, ...]:
    """Look for prompts in a recording."""
    heard = Sound.read(recording)
    found: list[HeardPrompt] = []
    for prompt in prompts:
        match = find_prompt(heard, prompt_sound(prompt))
        found.append(
            HeardPrompt(
                prompt=prompt, recording=recording, score=match.score, is_heard=match.is_heard
            )
        )
    return tuple(found)


def prompt_sound(prompt: str) -> Sound:
    """Return the shipped sound of a prompt."""
    return Sound.read(PROJECT / "sounds" / "ru" / f"{prompt}.wav")


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
