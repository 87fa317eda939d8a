"""
Calls of a journal, each with what the engine worked by when it was recorded.

Rule 1: a call is measured by the configuration of then in its own version, and by the present one
in the new version; how long prompts are is read from today's files for both.
Rule 2: a journal may be of any length: it is read record by record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

from ekc_telephony.adapters.journal.segments import Segment
from ekc_telephony.adapters.speech.lengths import guessed_length, length_of
from ekc_telephony.adapters.speech.site import Shelves
from ekc_telephony.cli.journal_reading import opening_of, records_of, segments_of, settings_of
from ekc_telephony.core.call.events import ScriptsPublished
from ekc_telephony.core.ivr.retelling.recorded import Clocks, RecordedCall
from ekc_telephony.core.ivr.script import Script
from ekc_telephony.core.kernel.ids import Did, PromptKey, ScriptId
from ekc_telephony.runtime.journal_codec import Content, Opening, Step
from ekc_telephony.runtime.recorded_calls import CallReader
from ekc_telephony.settings.library import ScriptLibrary
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import schedules_of, zones_of


def tell_nobody(_share: float, _calls: int) -> None:
    """Let nobody know how far it is."""


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

    def __init__(self, settings: Settings, *, today: date) -> None:
        self._library = ScriptLibrary(settings)
        self._calendars = Calendars(settings, today=today)

    def learn(self, texts: Mapping[str, str]) -> None:
        """Take note of scripts that calls may be in from now on."""
        self._library.keep(texts)

    def find(self, script: ScriptId | None, version: str) -> Script | None:
        """Return a version of a script; None when it cannot be read any more."""
        return self._library.find(script, version)

    def clocks_for(self, did: Did, number: str | None) -> Clocks:
        """Return what time means for a call."""
        return self._calendars.clocks_for(did, number)


class Past:
    """
    The calls of a journal that are over.

    Args:
        journal: Its folder, or one file of it.
        key: The key in `secrets.json`.
        config: The configuration of today: a journal without one was written by it.

    Attributes:
        met: How many calls were read that met each script.

    Raises:
        NoJournalError: There is none.
    """

    def __init__(self, journal: Path, *, key: bytes, config: Path) -> None:
        self._segments = segments_of(journal, key=key)
        self._key, self._config = key, config
        self._reader = CallReader()
        self._worked_by: dict[tuple[str, date], WorkedBy] = {}
        self.met: Counter[ScriptId] = Counter()

    @property
    def left_out(self) -> int:
        """So many calls began before the journal, or their script cannot be read any more."""
        return self._reader.left_out

    def calls(self, tell: Callable[[float, int], object] = tell_nobody) -> Iterator[RecordedCall]:
        """
        Yield the calls in the order of their ends; only one of them is kept at a time.

        Args:
            tell: Is told after every file which share of them is read, and how many calls.

        Raises:
            RecordUnreadableError: A newer release has written it.
            SettingsError: A configuration of then cannot be read any more.
            JournalDamagedError: A file is not as it was written.
        """
        for number, segment in enumerate(self._segments, 1):
            for call in self._calls_of(segment):
                self.met[call.script.script] += 1
                yield call
            tell(number / len(self._segments), self.met.total())

    def _calls_of(self, segment: Segment) -> Iterator[RecordedCall]:
        records = records_of(segment, key=self._key)
        try:
            first = next(records, None)
        except FileNotFoundError:
            return  # seven days are over: the engine has taken it away since we began
        if first is None:
            return
        opening = opening_of(segment, [first])
        worked_by = self._of_then(opening, segment.began_at.date())
        worked_by.learn(opening.texts)
        contents = _learning((content for _, content in records), worked_by)
        yield from self._reader.read(chain([opening], contents), worked_by)

    def _of_then(self, opening: Opening, today: date) -> WorkedBy:
        """Return what was worked by; a script of hundreds of nodes is read once, not per file."""
        name = opening.texts.get("ekc.yaml", ""), today
        if name not in self._worked_by:
            settings = settings_of(opening, self._config)
            self._worked_by = {name: WorkedBy(settings, today=today)}
        return self._worked_by[name]


def _learning(contents: Iterable[Content], worked_by: WorkedBy) -> Iterator[Content]:
    for each in contents:
        if isinstance(each, Step) and isinstance(each.event, ScriptsPublished):
            worked_by.learn(each.event.texts)
        yield each


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
