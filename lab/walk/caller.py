"""
A phone that lives through a test case: it hears what was rehearsed, presses, and is served so.

Rule 1: nothing is pressed before the prompts that ask for it were heard, by their sound and in
their order. What is cut short as it begins (by a key, by a quick answer) is not waited for.
Rule 2: whatever differs ends the walk with a sentence; nothing is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from ekc_telephony.adapters.sql.queries import CallHistory, CallSummary
from ekc_telephony.core.call.facts import NoteKind
from ekc_telephony.core.ivr.rehearsal_log import (
    Asked,
    Ended,
    EndKind,
    Heard,
    Pressed,
    Proved,
    Rated,
    Returned,
    Step,
    Surveyed,
)
from ekc_telephony.core.kernel.ids import CallId, PromptKey
from lab.hearing import BEGINNING, find_prompt
from lab.phones.voice import whistle
from lab.stand import Citizen, Stand
from lab.waiting import eventually, happens
from lab.walk.site import Errand
from lab.walk.systems import HIDDEN, RehearsedSystems

PATIENCE: Final = timedelta(seconds=60)
"""With many calls at once, on a machine that is busy otherwise; one who leaves no message is asked
twice before he hears on."""
_ANONYMOUS: Final = "anonymous"
_MARGIN: Final = timedelta(milliseconds=500)
_LOOK_EVERY_S: Final = 0.2
_NOTES: Final = {
    Rated: NoteKind.RATED,
    Surveyed: NoteKind.SURVEYED,
    Proved: NoteKind.IDENTIFIED,
}
_Deed: TypeAlias = str | Heard | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What came of a walk that went as rehearsed."""

    prompts: int
    """Heard by their sound."""
    keys: int


class WalkFailedError(AssertionError):
    """A walk went otherwise than rehearsed; the text says how."""


def meets_operator(errand: Errand) -> bool:
    """Tell whether the walk goes on after a talk."""
    return any(
        isinstance(each, Ended) and each.kind is EndKind.QUEUE and _comes_back(log[index + 1 :])
        for log in [errand.trial.call.log]
        for index, each in enumerate(log)
    )


def hides_number(errand: Errand) -> bool:
    """Tell whether nobody can be told by whose call it is."""
    return errand.trial.case.number is None


async def walk(stand: Stand, errand: Errand, systems: RehearsedSystems) -> Walked:
    """
    Let a phone live through a test case.

    Args:
        stand: Where it calls.
        errand: The case.
        systems: The information systems, which answer it what the case says.

    Raises:
        WalkFailedError: It went otherwise than rehearsed.
        NotInTimeError: What was to happen did not.
    """
    number = _ANONYMOUS if hides_number(errand) else stand.citizen()
    known_as = HIDDEN if hides_number(errand) else number
    systems.expect(known_as, errand.trial.case.lookups)
    before = {each.call for each in await stand.newest_calls()}
    citizen = await stand.call(errand.did, number=number)
    walker = _Walker(stand, citizen, known=before)
    log = errand.trial.call.log
    try:
        await walker.live_through(log)
    finally:
        await citizen.line.hang_up()
    history = await walker.history()
    _look_at_notes(log, history)
    asked = [each.service for each in log if isinstance(each, Asked)]
    if systems.asked_for(known_as) != asked:
        raise WalkFailedError(f"asked {systems.asked_for(known_as)}; expected {asked}")
    return Walked(prompts=walker.heard, keys=sum(isinstance(each, Pressed) for each in log))


def _deeds(log: Sequence[Step]) -> Iterator[_Deed]:
    """Yield what is to be done: keys in a row at once; no end from which the caller comes back."""
    keys = ""
    for index, step in enumerate(log):
        if isinstance(step, Pressed):
            keys += step.key
            continue
        later = log[index + 1 :]
        if keys and isinstance(step, Heard | Ended):
            yield keys
            keys = ""
        is_end = isinstance(step, Ended) and (step.kind is EndKind.QUEUE or not _comes_back(later))
        if is_end or (isinstance(step, Heard) and not _is_interrupted(step, later)):
            assert isinstance(step, Heard | Ended)
            yield step
    if keys:
        yield keys


def _comes_back(later: Sequence[Step]) -> bool:
    return bool(later) and isinstance(later[0], Returned)


def _is_interrupted(heard: Heard, later: Sequence[Step]) -> bool:
    """Tell whether a key is pressed, or a system answers, the moment a prompt begins."""
    return bool(later) and isinstance(later[0], Pressed | Asked) and later[0].at == heard.at


def _look_at_notes(log: Sequence[Step], history: CallHistory) -> None:
    """Raise unless exactly what was answered and proved is noted."""
    expected = [
        (_NOTES[type(each)], each.method.value if isinstance(each, Proved) else each.answer)
        for each in log
        if isinstance(each, Rated | Surveyed | Proved)
    ]
    found = [(each.kind, each.reason) for each in history.notes if each.kind in _NOTES.values()]
    if found != expected:
        raise WalkFailedError(f"noted {found}; expected {expected}")


class _Walker:
    """What a phone has heard so far, and what the store knows of its call."""

    def __init__(self, stand: Stand, citizen: Citizen, *, known: set[CallId]) -> None:
        self._stand = stand
        self._citizen = citizen
        self._known = known
        self._position = timedelta()
        self.heard = 0

    async def live_through(self, log: Sequence[Step]) -> None:
        """Hear, press and wait, as it was rehearsed."""
        line = self._citizen.line
        await happens(line.established, within=PATIENCE)
        for deed in _deeds(log):
            match deed:
                case str():
                    await line.press(deed)
                case Heard(prompts=prompts):
                    await self.hears(prompts)
                case Ended(kind=EndKind.QUEUE, detail=queue):
                    await self.waits_in(queue)
                case Ended():
                    await self.ends(deed)

    async def hears(self, prompts: Sequence[PromptKey]) -> None:
        """Wait until all prompts were heard, one after another."""
        for prompt in prompts:
            await self._hears(prompt)

    async def _hears(self, prompt: PromptKey) -> None:
        line, sound = self._citizen.line, self._stand.prompt(prompt)
        if not sound.pcm().strip(b"\0"):
            return  # a pause between the groups of a number

        wanted = min(sound.duration, BEGINNING) + _MARGIN

        async def look() -> bool:
            heard = line.heard_so_far
            until = heard.duration
            rest = heard.after(self._position)
            match = await asyncio.to_thread(find_prompt, rest, sound)
            if match.is_heard:
                self._position += timedelta(seconds=max(0.0, match.at_s)) + sound.duration / 2
                self.heard += 1
                return True
            # What may be its beginning is looked at again, and nothing else.
            self._position = max(self._position, until - wanted)
            await asyncio.sleep(_LOOK_EVERY_S)
            return False

        await eventually(look, within=PATIENCE, what=f"{prompt} in {line.recording}")

    async def waits_in(self, queue: str) -> None:
        """Wait until the store knows that he waits there, or has waited."""

        async def look() -> bool:
            history = await self._now()
            return history is not None and any(each.queue == queue for each in history.segments)

        await eventually(look, within=PATIENCE, what=f"that he waits in {queue}")

    async def ends(self, ended: Ended) -> None:
        """
        Wait until the call is over, so.

        Raises:
            WalkFailedError: It has another outcome.
        """
        if ended.kind is EndKind.MESSAGE:
            await self._leave_message()
        await happens(self._citizen.line.ended, within=PATIENCE)
        outcome = (await self.history()).summary.outcome
        if outcome is not ended.outcome:
            raise WalkFailedError(f"the outcome {outcome}; expected {ended.outcome}")

    async def _leave_message(self) -> None:
        line = self._citizen.line
        await self._hears(PromptKey("message-tone"))
        line.say(whistle(), is_repeated=True)
        await eventually(self._is_recorded, within=PATIENCE, what="the recording to grow")
        await line.press("#")
        await self._hears(PromptKey("message-thanks"))

    async def _is_recorded(self) -> bool:
        history = await self._now()
        names = [] if history is None else [e.recording for e in history.segments if e.recording]
        files = [self._stand.recordings / f"{name}.wav" for name in names]
        return any(each.is_file() and each.stat().st_size > _RECORDED for each in files)

    async def _now(self) -> CallHistory | None:
        summary = await self._summary()
        return None if summary is None else await self._stand.history_of(summary)

    async def _summary(self) -> CallSummary | None:
        if self._citizen.number != _ANONYMOUS:
            return next(iter(await self._stand.calls_of(self._citizen.number)), None)
        newest = await self._stand.newest_calls()
        return next((each for each in newest if each.call not in self._known), None)

    async def history(self) -> CallHistory:
        """Hang up, and return what the store knows when the call is over."""
        await self._citizen.line.hang_up()

        async def look() -> CallHistory | None:
            history = await self._now()
            return None if history is None or history.summary.outcome is None else history

        return await eventually(look, within=PATIENCE, what="the end of the call")


_RECORDED: Final = 4 * 16_000
"""Bytes of four seconds: what is shorter may be taken for no message."""
