"""
Scripts proved before callers hear them: the core's proofs, with what a site knows besides.

A proof names a node of the core; here it is told by file, line and column, in the words of the
other checks. How long prompts last is read from their files; a text that nobody has rendered yet is
guessed by its letters.

Rule 1: a finding points to what has to be changed: the key within the node that was written, also
where the core's node was made from another one (`identify`, `survey`, a called script).
Rule 2: a script that only others call is proved where it is called; if nobody does, or it is asked
for by its file, on its own (`called_scripts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.speech.lengths import guessed_length, length_of
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.hours import BusinessHours
from ekc_telephony.core.ivr.proofs.finding import Finding, Severity, Step
from ekc_telephony.core.ivr.proofs.program import Limits, Program
from ekc_telephony.core.ivr.proofs.prove import Verdict, prove
from ekc_telephony.core.ivr.proofs.speech import parts_of
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.ivr.texts import RUSSIAN
from ekc_telephony.core.ivr.utterance import Insert
from ekc_telephony.core.ivr.ways import Part
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.settings.document import Document, Location, read_document
from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.hours import business_hours
from ekc_telephony.settings.ivr.called_scripts import (
    NEVER_CALLED,
    OF_THE_CALLER,
    called_in,
    is_called_only,
    stand_in_for_callers,
)
from ekc_telephony.settings.ivr.load import LoadedScript, load
from ekc_telephony.settings.ivr.site import Place
from ekc_telephony.settings.ivr.words import Text, read_text
from ekc_telephony.settings.library import known_names, load_published, shelves
from ekc_telephony.settings.models import Settings

UNREADABLE: Final = "IVR001"
"""The code of whatever stands against reading a script at all."""
_SPEECH: Final = frozenset({"prompts", "invalid_prompts", "timeout_prompts"})
_LISTS: Final = _SPEECH | {"wait_prompts", "not_found_prompts"}
_WRITTEN_AS: Final[Mapping[str, Mapping[str, str]]] = {
    "identify": {
        "exhausted": "otherwise",
        "not_found": "otherwise",
        "fallback": "otherwise",
        "next": "identified",
        "patience": "service",
        "values": "identified",
        "fields": "by",
    },
    "lookup": {"patience": "service"},
    "say": {"prompts": "text"},
}
"""What a part of a core node is called in the node that it was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One finding, with its place."""

    code: str
    severity: Severity
    mistake: Mistake
    way: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to be said of one script."""

    script: str
    complaints: tuple[Complaint, ...]
    verdict: Verdict | None = None
    """None: it cannot be read, or calls do not begin in it."""
    begins_here: bool = True
    """False: it was judged on its own, as if somebody called it."""
    guessed: int = 0
    """So many prompts are not rendered yet; their lengths are guessed."""

    @property
    def is_sound(self) -> bool:
        """Whether it may be published."""
        return not any(each.severity is Severity.ERROR for each in self.complaints)


class Court:
    """
    Judges scripts.

    Args:
        settings: The configuration.
        now: From when on a year of business hours is looked at.
    """

    def __init__(self, settings: Settings, *, now: datetime) -> None:
        self._settings = settings
        self._now = now
        self._known = known_names(settings)
        self._shelves = shelves(settings)
        self._lengths: dict[tuple[str, PromptKey], timedelta | None] = {}

    def judge_file(self, file: Path) -> Judgement:
        """Judge a script as an admin works on it, with what it calls beside it."""
        try:
            document = read_document(file)
            if is_called_only(document):
                return self._judge_alone(document, is_called=file.stem in called_in(file.parent))
            return self.judge(load(document, known=self._known))
        except SettingsError as error:
            return _unreadable(file.stem, error)

    def judge_folder(self, folder: Path) -> Iterator[Judgement]:
        """Judge every script of a folder, but for those that others call: they are judged there."""
        called = called_in(folder)
        for file in sorted(folder.glob("*.yaml")):
            try:
                is_judged_there = is_called_only(read_document(file)) and file.stem in called
            except SettingsError as error:
                yield _unreadable(file.stem, error)
            else:
                if not is_judged_there:
                    yield self.judge_file(file)

    def _judge_alone(self, document: Document, *, is_called: bool) -> Judgement:
        """Judge a script that begins in other ones only, as if somebody called it."""
        loaded = load(
            stand_in_for_callers(document, queue=min(self._known.queues)), known=self._known
        )
        judged = self.judge(loaded)
        own = [
            each
            for each in judged.complaints
            if each.mistake.file.stem != loaded.script.script
            and each.code not in {code.value for code in OF_THE_CALLER}
        ]
        return replace(
            judged,
            script=document.file.stem,
            complaints=(*own, *([] if is_called else [_never_called(document)])),
            verdict=None,
            begins_here=False,
        )

    def judge_bundle(self, bundle: Bundle) -> Judgement:
        """Judge a script with all that it calls."""
        try:
            return self.judge(load_published(bundle, settings=self._settings, known=self._known))
        except SettingsError as error:
            return _unreadable(bundle.script, error)

    def judge(self, loaded: LoadedScript) -> Judgement:
        """Judge a script that was read."""
        guesses = set[PromptKey]()
        verdict = self.verdict_of(
            loaded, guesses=guesses, is_for_overload=self.is_for_overload(loaded.script)
        )
        complaints = (_complaint(loaded, each) for each in verdict.findings)
        return Judgement(
            script=loaded.script.script,
            complaints=tuple(dict.fromkeys(complaints)),
            verdict=verdict,
            guessed=len(guesses),
        )

    def verdict_of(
        self, loaded: LoadedScript, *, guesses: set[PromptKey], is_for_overload: bool
    ) -> Verdict:
        """
        Prove a script.

        Args:
            loaded: The script.
            guesses: Prompts whose lengths had to be guessed are added here.
            is_for_overload: What `is_for_overload` says of it, whatever lies over it.
        """
        return prove(
            Program(
                script=loaded.script,
                now=self._now,
                prompts={
                    language: self._prompts(loaded, language, guesses)
                    for language in loaded.script.languages
                },
                schedules=self._schedules,
                limits=Limits(keys=loaded.max_keys_to_human, time=loaded.max_time_to_human),
                is_for_overload=is_for_overload,
            )
        )

    def is_for_overload(self, script: core.Script) -> bool:
        """Tell whether a script is `admission:`'s, or could only be that: it has no operators."""
        beyond = self._settings.admission
        if any(each.script == script.script for each in self._settings.numbers):
            return False
        has_person = any(
            isinstance(node, core.Enqueue | core.Transfer) for node in script.nodes.values()
        )
        return not has_person or (beyond is not None and beyond.script == script.script)

    @cached_property
    def _schedules(self) -> Mapping[str, BusinessHours]:
        today = self._now.date()
        return {
            name: business_hours(self._settings, schedule, today=today)
            for name, schedule in self._settings.schedules.items()
        }

    def _prompts(
        self, loaded: LoadedScript, language: str, guesses: set[PromptKey]
    ) -> Mapping[PromptKey, timedelta]:
        """Return the lengths of the prompts that a script may play in a language."""
        wanted = {
            part
            for node in loaded.script.nodes.values()
            for _, part in parts_of(node)
            if not isinstance(part, Insert)
        }
        if language != RUSSIAN:  # the words of values must have been recorded there
            wanted |= self._shelves.keys(language)
        lengths: dict[PromptKey, timedelta] = {}
        for prompt in wanted:
            length = self._length(prompt, language)
            if length is None and (text := loaded.texts.get(prompt, {}).get(language)) is not None:
                guesses.add(prompt)
                length = guessed_length(text)
            if length is not None:
                lengths[prompt] = length
        return lengths

    def _length(self, prompt: PromptKey, language: str) -> timedelta | None:
        if (language, prompt) not in self._lengths:
            file = self._shelves.find(prompt, language)
            self._lengths[language, prompt] = None if file is None else length_of(file)
        return self._lengths[language, prompt]


def check_scripts(
    settings: Settings, bundles: Iterable[Bundle], *, now: datetime
) -> list[Judgement]:
    """Judge scripts before they are published."""
    court = Court(settings, now=now)
    return [court.judge_bundle(each) for each in bundles]


def scripts_of_folder(folder: Path) -> Iterator[Document]:
    """
    Yield the scripts that calls may begin with: all but those that have a `return`.

    Raises:
        SettingsError: A file cannot be read.
    """
    for file in sorted(folder.glob("*.yaml")):
        document = read_document(file)
        if not is_called_only(document):
            yield document


def as_text(complaint: Complaint) -> str:
    """Return a complaint as the other checks tell theirs, with its code and the caller's way."""
    told = complaint.mistake
    way = f"\n    the way: {way_as_text(complaint.way)}" if complaint.way else ""
    return (
        f"{told.file}:{told.line}:{told.column}: {complaint.code} {complaint.severity.value}: "
        f"found {told.found}\n"
        f"    expected: {told.expected}\n"
        f"    what to do: {told.advice}{way}"
    )


def way_as_text(way: Iterable[Step]) -> str:
    """Return a caller's way in one line."""
    return " → ".join(
        f"{each.node} ({each.happens})" if each.happens else each.node for each in way
    )


def _unreadable(script: str, error: SettingsError) -> Judgement:
    return Judgement(
        script=script,
        complaints=tuple(
            Complaint(code=UNREADABLE, severity=Severity.ERROR, mistake=each)
            for each in error.mistakes
        ),
    )


def _never_called(document: Document) -> Complaint:
    name = document.file.stem
    return Complaint(
        code=NEVER_CALLED,
        severity=Severity.WARNING,
        mistake=document.mistake(
            ("entry",),
            found=f"a script with a `return`, which begins in other ones only, and that none of "
            f"{document.file.parent}/ calls",
            expected=f"`kind: call` with `script: {name}` in a script that calls begin with",
            advice="call it, or remove the file; until then no caller meets it, and `ekc ivr "
            "publish` leaves it out",
        ),
    )


def _complaint(loaded: LoadedScript, finding: Finding) -> Complaint:
    place = loaded.places[finding.node]
    mistake = place.document.mistake(
        (*place.location, *_written(loaded, place, finding)),
        found=finding.found,
        expected=finding.expected,
        advice=finding.advice,
        at_key=True,
    )
    return Complaint(
        code=finding.code.value, severity=finding.severity, mistake=mistake, way=finding.way
    )


def _written(loaded: LoadedScript, place: Place, finding: Finding) -> Location:
    """Return where in a node, as it was written, a part of the core's node is."""
    kind = place.document.spelling((*place.location, "kind")) or ""
    part = finding.part
    if part and str(part[0]) in _SPEECH:
        field = _speech_of(loaded.script.nodes[finding.node], kind, str(part[0]))
        part = (field, *(_item(loaded, place, field, part) if field in _LISTS else ()))
    elif part:
        part = (_WRITTEN_AS.get(kind, {}).get(str(part[0]), part[0]), *part[1:])
    while part and not place.document.has((*place.location, *part)):
        part = part[:-1]
    return part


def _speech_of(node: core.Node, kind: str, field: str) -> str:
    match kind, node:
        case "identify", core.Lookup():
            return "wait_prompts"
        case "identify", core.Play():
            return "not_found_prompts"
        case "survey", core.Question() if field == "prompts":
            return "questions"
        case _:
            return _WRITTEN_AS.get(kind, {}).get(field, field)


def _item(loaded: LoadedScript, place: Place, field: str, part: Part) -> Part:
    """Return which item of a list of prompts says a part: a text is several parts."""
    kinds = {name: each.kind for name, each in loaded.script.variables.items()}
    passed = 0
    for index, item in enumerate(_items(place, field)):
        said = read_text(item, kinds)[0] if isinstance(item, Text) else (item,)
        passed += len(said)
        if int(part[1]) < passed:
            return (index,)
    return ()


def _items(place: Place, field: str) -> Iterator[str | Text]:
    at = (*place.location, field)
    for index in range(place.document.length(at)):
        written = place.document.spelling((*at, index))
        if written is not None:
            yield written
            continue
        text = place.document.spelling((*at, index, "text"))
        languages = place.document.keys_under((*at, index, "text"))
        yield Text(
            text=text
            if text is not None
            else {each.written: place.document.spelling(each.location) or "" for each in languages}
        )
