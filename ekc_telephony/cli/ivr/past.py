"""
Calls of a journal, each with what the engine worked by when it was recorded.

Rule 1: a call is measured by the configuration of then in its own version, and by the present one
in the new version; how long prompts are is read from today's files for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from ekc_telephony.adapters.speech.lengths import guessed_length, length_of
from ekc_telephony.adapters.speech.site import Shelves
from ekc_telephony.cli.journal_reading import opening_of, records_of, segments_of, settings_of
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.ivr.retelling.recorded import Clocks
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import Did, PromptKey, ScriptId
from ekc_telephony.runtime.journal_codec import Content, Step
from ekc_telephony.runtime.recorded_calls import CallReader
from ekc_telephony.settings.library import ScriptLibrary
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import schedules_of, zones_of


class Calendars:
    """
    The business hours of a configuration, by the clocks of each call.

    Args:
        settings: The configuration.
        today: Public holidays are worked out around it.
    """

    def __init__(self, settings: Settings, *, today: date) -> None:
        self._schedules = schedules_of(settings, today=today)
        self._zones = zones_of(settings)

    def clocks_for(self, did: Did, number: str | None) -> Clocks:
        """Return what time means for a call."""
        return Clocks(
            schedules=self._zones.schedules_for(self._schedules, did=did, number=number),
            zones=self._zones.of_call(did, number),
        )


class WorkedBy:
    """What an engine worked by: configuration and scripts of then (`recorded_calls.WorkedBy`)."""

    def __init__(self, settings: Settings, *, today: date, texts: Mapping[str, str]) -> None:
        self._library = ScriptLibrary(settings)
        self._calendars = Calendars(settings, today=today)
        self._library.keep(texts)

    def find(self, script: ScriptId | None, version: str) -> Script | None:
        """Return a version of a script; None when it cannot be read any more."""
        return self._library.find(script, version)

    def clocks_for(self, did: Did, number: str | None) -> Clocks:
        """Return what time means for a call."""
        return self._calendars.clocks_for(did, number)


def read_past(journal: Path, *, key: bytes, config: Path) -> CallReader:
    """
    Read the calls of a journal that are over.

    Args:
        journal: Its folder, or one file of it.
        key: The key in `secrets.json`.
        config: The configuration of today: a journal without one was written by it.

    Raises:
        NoJournalError: There is none.
        RecordUnreadableError: A newer release has written it.
        SettingsError: A configuration of then cannot be read any more.
    """
    reader = CallReader()
    for segment in segments_of(journal, key=key):
        records = list(records_of(segment, key=key))
        if not records:
            continue
        opening = opening_of(segment, records)
        contents = [content for _, content in records]
        worked_by = WorkedBy(
            settings_of(opening, config),
            today=segment.began_at.date(),
            texts=dict(opening.texts) | dict(_published_in(contents)),
        )
        reader.read(contents, worked_by)
    return reader


def _published_in(contents: Iterable[Content]) -> Iterator[tuple[str, str]]:
    for each in contents:
        if isinstance(each, Step) and isinstance(each.event, ScriptsPublished):
            yield from each.event.texts.items()


class PromptLengths:
    """
    How long prompts are: by their files, or guessed by their texts.

    Args:
        shelves: Where the prompts are.
        texts: Those of prompts that may not be rendered yet: key → language → text.

    Attributes:
        guessed: The prompts that have no file yet.
    """

    def __init__(self, shelves: Shelves, texts: Mapping[PromptKey, Mapping[str, str]]) -> None:
        self._shelves, self._texts = shelves, texts
        self._lengths: dict[tuple[PromptKey, str], timedelta] = {}
        self.guessed: set[PromptKey] = set()

    def __call__(self, prompt: PromptKey, language: str) -> timedelta:
        """Return how long a prompt is in a language."""
        if (prompt, language) not in self._lengths:
            self._lengths[prompt, language] = self._measured(prompt, language)
        return self._lengths[prompt, language]

    def _measured(self, prompt: PromptKey, language: str) -> timedelta:
        file = self._shelves.find(prompt, language)
        length = None if file is None else length_of(file)
        if length is None:
            self.guessed.add(prompt)
            length = guessed_length(self._texts.get(prompt, {}).get(language, ""))
        return length
