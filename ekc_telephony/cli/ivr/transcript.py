"""
A rehearsed call for a person, line by line, and for programs.

Rule 1: what tells a personal variable is masked unless somebody asks for it: digits typed into it,
words made of it, fields of a question made of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Final, assert_never

from ekc_telephony.core.ivr.rehearsal import Rehearsal
from ekc_telephony.core.ivr.rehearsal_log import (
    Asked,
    Ended,
    Heard,
    LanguageSet,
    Pressed,
    Proved,
    Rated,
    Returned,
    Silenced,
    Step,
    Surveyed,
    Told,
    Waited,
)
from ekc_telephony.core.ivr.values import to_text
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook

MASK: Final = "•••"
_NODE_WIDTH: Final = 16
_CLOCK: Final = "%H:%M:%S"


class Transcript:
    """
    Writes down the steps of a call.

    Args:
        phrasebook: What the prompts say.
        zone: By whose clock.
        personal: Whether personal things are shown.
    """

    def __init__(self, phrasebook: Phrasebook, *, zone: tzinfo, personal: bool = False) -> None:
        self._phrasebook = phrasebook
        self._zone = zone
        self._is_personal_shown = personal

    def lines(self, call: Rehearsal, *, since: int = 0) -> Iterator[str]:
        """Yield what happened from a step on; keys that were pressed at once are one line."""
        steps = [step for step in call.log[since:] if not isinstance(step, Silenced)]
        for (pressed, *_), group in groupby(steps, key=_in_a_row):
            first, *others = group
            told = self._told(first)
            if pressed:
                told += "".join(self.key(each) for each in others if isinstance(each, Pressed))
                others = []
            yield from (self._line(first, told), *(self._line(e, self._told(e)) for e in others))

    def _line(self, step: Step, told: str) -> str:
        return f"{step.at.astimezone(self._zone):{_CLOCK}}  {told}"

    def spoken(self, step: Heard) -> str:
        """Return what is heard, with personal values masked."""
        words: list[str] = []
        for at, key in enumerate(step.prompts):
            is_hidden = at in step.personal and not self._is_personal_shown
            word = MASK if is_hidden else self._phrasebook.text(key, step.language)
            if word and not (is_hidden and words[-1:] == [MASK]):
                words.append(word)
        return " ".join(words)

    def fields(self, asked: Asked) -> Mapping[str, str]:
        """Return what a system was asked by, with personal values masked."""
        return {
            name: MASK if name in asked.personal and not self._is_personal_shown else value
            for name, value in asked.fields.items()
        }

    def key(self, pressed: Pressed) -> str:
        """Return a key, masked where it is part of something personal."""
        return "•" if pressed.is_personal and not self._is_personal_shown else pressed.key

    def variables(self, call: Rehearsal) -> dict[str, str | None]:
        """Return what the script knows in the end; None: not set."""
        told: dict[str, str | None] = {}
        for name, variable in call.script.variables.items():
            value = call.known.get(name)
            is_hidden = variable.is_personal and not self._is_personal_shown
            told[name] = None if value is None else MASK if is_hidden else to_text(value)
        return told

    def _told(self, step: Step) -> str:  # noqa: C901, PLR0911, PLR0912 (one row each)
        match step:
            case Heard(node=node):
                return f"{node:{_NODE_WIDTH}}  «{self.spoken(step)}»"
            case Silenced():
                return ""
            case Pressed(node=node):
                return f"{node:{_NODE_WIDTH}}  key {self.key(step)}"
            case Waited(node=node):
                return f"{node:{_NODE_WIDTH}}  silence"
            case Asked(node=node, service=service):
                fields = ", ".join(f"{name}={value}" for name, value in self.fields(step).items())
                return f"{node:{_NODE_WIDTH}}  asks {service} ({fields})"
            case Told(service=service, outcome=outcome, is_rehearsed=is_rehearsed):
                hint = "" if is_rehearsed else f" (not rehearsed: --lookup {service}=…)"
                return f"{'':{_NODE_WIDTH}}  {service}: {outcome.value}{hint}"
            case Rated(question=question, answer=answer):
                return f"{'':{_NODE_WIDTH}}  rated {question}: {answer}"
            case Surveyed(question=question, answer=answer):
                return f"{'':{_NODE_WIDTH}}  answered {question}: {answer}"
            case Proved(method=method):
                return f"{'':{_NODE_WIDTH}}  identified by {method.value}"
            case LanguageSet(language=language):
                return f"{'':{_NODE_WIDTH}}  language {language}"
            case Returned(node=node):
                return f"{node:{_NODE_WIDTH}}  back in the script"
            case Ended(node=node, kind=kind, detail=detail, outcome=outcome):
                counted = "" if outcome is None else f" ({outcome.value})"
                return f"{node:{_NODE_WIDTH}}  → {kind.value} {detail}".rstrip() + counted
            case _:
                assert_never(step)

    def records(self, call: Rehearsal) -> Iterator[dict[str, object]]:
        """Yield the steps for programs."""
        for step in call.log:
            yield {"step": type(step).__name__.lower(), "at": _moment(step.at)} | self._record(step)

    def _record(self, step: Step) -> dict[str, object]:  # noqa: C901, PLR0911 (one row each)
        match step:
            case Heard(node=node, prompts=prompts, language=language, personal=personal):
                keys = [
                    MASK if at in personal and not self._is_personal_shown else key
                    for at, key in enumerate(prompts)
                ]
                said = self.spoken(step)
                return {"node": node, "prompts": keys, "language": language, "text": said}
            case Silenced():
                return {}
            case Pressed(node=node):
                return {"node": node, "key": self.key(step)}
            case Waited(node=node) | Returned(node=node):
                return {"node": node}
            case Asked(node=node, service=service):
                return {"node": node, "service": service, "fields": self.fields(step)}
            case Told(service=service, outcome=outcome, is_rehearsed=is_rehearsed):
                return {"service": service, "outcome": outcome.value, "rehearsed": is_rehearsed}
            case Rated(question=question, answer=answer):
                return {"question": question, "answer": answer}
            case Surveyed(question=question, answer=answer):
                return {"question": question, "answer": answer}
            case Proved(method=method):
                return {"method": method.value}
            case LanguageSet(language=language):
                return {"language": language}
            case Ended(node=node, kind=kind, detail=detail, outcome=outcome):
                counted = None if outcome is None else outcome.value
                return {"node": node, "kind": kind.value, "detail": detail, "outcome": counted}
            case _:
                assert_never(step)


def _in_a_row(step: Step) -> tuple[bool, datetime | None, str]:
    """Tell keys that are pressed one right after another at one node from everything else."""
    is_key = isinstance(step, Pressed)
    return is_key, step.at if is_key else None, step.node if isinstance(step, Pressed) else ""


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
