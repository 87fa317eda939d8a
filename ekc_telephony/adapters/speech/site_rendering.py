"""
Rendering for a site: the prompts that its scripts want are spoken, several at a time.

Rule 1: what was finished is kept, however the work ends.
Rule 2: the first text that cannot be spoken ends the work: a script is published whole or not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from ekc_telephony.adapters.speech.engine import EngineMissingError, SpeechError, TtsEngine
from ekc_telephony.adapters.speech.manifest import EngineName
from ekc_telephony.adapters.speech.site import Order, SitePrompts, WantedPrompt
from ekc_telephony.adapters.speech.telephone_sound import (
    TELEPHONE_RATE_HZ,
    to_telephone_wav,
    write_wav,
)
from ekc_telephony.core.ivr.texts import plain_text

PAUSE: Final = timedelta(milliseconds=250)
"""Between groups of digits; about what a person leaves who dictates a number."""

ENGINES: Final = 2
"""Speaking at once. An engine takes a core for itself; the node goes on serving calls meanwhile."""

_WORTH_AN_ENGINE: Final = 10
"""Texts. Starting one takes as long as speaking so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPrompt:
    """One prompt that is in its place now, and how far the work is."""

    wanted: WantedPrompt
    done: int
    due: int


async def render_for_site(
    site: SitePrompts,
    orders: Sequence[Order],
    *,
    open_engine: Callable[[EngineName], TtsEngine],
    tell: Callable[[RenderedPrompt], None] = lambda _: None,
    engines: int = ENGINES,
) -> None:
    """
    Make the prompts that `site.missing` has told.

    Args:
        site: Where they go.
        orders: What to make.
        open_engine: Gives an engine; it is asked for each of `engines` that is needed.
        tell: Told of every prompt when its file is in place.
        engines: How many may speak at once.

    Raises:
        EngineMissingError: An engine is not installed.
        SpeechError: A text could not be spoken; the message names it and its place.
        OSError: A file could not be written.
    """
    count = max(1, min(engines, -(-len(orders) // _WORTH_AN_ENGINE)))
    work = _Work(site=site, due=len(orders), ahead=deque(orders), tell=tell)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(_speak_all(work, open_engine))
    finally:
        site.save()
    if work.failure is not None:
        raise work.failure


@dataclass(slots=True, kw_only=True)
class _Work:
    """What the engines share."""

    site: SitePrompts
    due: int
    ahead: deque[Order]
    tell: Callable[[RenderedPrompt], None]
    done: int = 0
    failure: SpeechError | OSError | None = field(default=None)


async def _speak_all(work: _Work, open_engine: Callable[[EngineName], TtsEngine]) -> None:
    opened: dict[EngineName, TtsEngine] = {}
    async with AsyncExitStack() as stack:
        while work.ahead and work.failure is None:
            order = work.ahead.popleft()
            name = order.voice.engine
            try:
                if _is_spoken(order) and name not in opened:
                    opened[name] = open_engine(name)
                    stack.push_async_callback(opened[name].aclose)
                work.site.keep(order, await _content(order, opened.get(name)))
            except SpeechError as error:
                work.failure = _placed(order.wanted, error)
            except OSError as error:
                work.failure = error
            else:
                work.done += 1
                work.tell(RenderedPrompt(wanted=order.wanted, done=work.done, due=work.due))


def _is_spoken(order: Order) -> bool:
    return order.recording is None and bool(plain_text(order.wanted.text))


async def _content(order: Order, engine: TtsEngine | None) -> bytes:
    if order.recording is not None:
        return order.recording.read_bytes()
    if engine is None or not _is_spoken(order):
        return write_wav(np.zeros(round(PAUSE.total_seconds() * TELEPHONE_RATE_HZ)))
    text, voice = plain_text(order.wanted.text), order.voice
    speech = await engine.synthesize(text, speaker=voice.speaker, rate=voice.rate)
    return to_telephone_wav(speech, lead_in=timedelta(milliseconds=order.wanted.lead_in_ms))


def _placed(wanted: WantedPrompt, error: SpeechError) -> SpeechError:
    place = f"{wanted.place}: " if wanted.place else ""
    message = f"{place}{plain_text(wanted.text)!r} ({wanted.language}) was not spoken: {error}"
    kind = EngineMissingError if isinstance(error, EngineMissingError) else SpeechError
    placed = kind(message)
    placed.__cause__ = error
    return placed
