"""
Whether a rehearsed call went as its test case says, and where it did not.

Rule 1: one difference does not hide another: all are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ekc_telephony.core.ivr.rehearsal import Rehearsal
from ekc_telephony.core.ivr.rehearsal_log import EndKind, Heard, Proved, Rated, Surveyed, Told
from ekc_telephony.core.ivr.values import Value, to_text
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.rehearsing.cases import Case, ExpectedEnd, is_key
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook

_NOT_LETTERS: Final = re.compile(r"[^\w]+")
_NOT_SET: Final = "not set"
_HIDDEN: Final = "•••"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that went otherwise."""

    where: Location
    """Within the case."""
    expected: str
    found: str


def differences(
    case: Case, call: Rehearsal, refused: str | None, phrasebook: Phrasebook
) -> list[Difference]:
    """
    Return what went otherwise than the case says.

    Args:
        case: The case.
        call: The call, to its end.
        refused: What of the case's deeds could not happen.
        phrasebook: What the prompts say.
    """
    return [
        *_of_deeds(call, refused),
        *_of_sounds(case, call, phrasebook),
        *_of_way(case, call),
        *_of_variables(case, call),
        *_of_notes(case, call),
        *_of_end(case, call),
    ]


def end_of(call: Rehearsal) -> ExpectedEnd:
    """Return how a call ended, in the words of a case."""
    ended = call.ended
    if ended is None:
        return ExpectedEnd(kind=None, detail=call.node)
    if ended.kind is EndKind.GOODBYE and ended.outcome is not None:
        return ExpectedEnd(kind=ended.kind, detail=ended.outcome.value)
    return ExpectedEnd(kind=ended.kind, detail=ended.detail)


def _of_deeds(call: Rehearsal, refused: str | None) -> Iterator[Difference]:
    if refused is not None:
        yield Difference(where=("keys",), expected="that all of it can be done", found=refused)
    for step in call.log:
        if isinstance(step, Told) and not step.is_rehearsed:
            yield Difference(
                where=("lookups",),
                expected=f"what {step.service} answers",
                found="nothing (any more); it was taken for failed",
            )


def _of_sounds(case: Case, call: Rehearsal, phrasebook: Phrasebook) -> Iterator[Difference]:
    heard = [step for step in call.log if isinstance(step, Heard)]
    after, before = 0, ""
    for index, wanted in enumerate(case.heard):
        at = _first(heard, wanted, phrasebook, after=after)
        if at is None:
            later = f", after «{before}»" if before else ""
            found = ", ".join(key for step in heard[after:] for key in step.prompts)
            yield Difference(
                where=("heard", index),
                expected=f"«{wanted}»{later}",
                found=f"heard from there on: {found or 'nothing'}",
            )
            continue
        after, before = at, wanted
    for index, unwanted in enumerate(case.not_heard):
        at = _first(heard, unwanted, phrasebook, after=0)
        if at is not None:
            yield Difference(
                where=("not_heard", index),
                expected=f"no «{unwanted}»",
                found=f"it was heard at {heard[at].node}",
            )


def _first(
    heard: Sequence[Heard], wanted: str, phrasebook: Phrasebook, *, after: int
) -> int | None:
    """Return the first time that something is heard, from one on."""
    for at in range(after, len(heard)):
        step = heard[at]
        if is_key(wanted):
            if wanted in step.prompts:
                return at
        elif _plain(wanted) in _plain(
            " ".join(phrasebook.text(key, step.language) for key in step.prompts)
        ):
            return at
    return None


def _plain(text: str) -> str:
    """Return the words alone: nobody hears a comma."""
    return f" {_NOT_LETTERS.sub(' ', text.lower().replace('ё', 'е')).strip()} "


def _of_way(case: Case, call: Rehearsal) -> Iterator[Difference]:
    ahead = iter(call.nodes)
    for index, wanted in enumerate(case.passes):
        if not any(node == wanted for node in ahead):
            yield Difference(
                where=("passes", index),
                expected=f"that he comes to {wanted}",
                found=" → ".join(call.nodes),
            )
            return


def _of_variables(case: Case, call: Rehearsal) -> Iterator[Difference]:
    for name, wanted in case.variables.items():
        found = call.known.get(name)
        if found != wanted:
            is_personal = call.script.variables[name].is_personal
            yield Difference(
                where=("variables", name),
                expected=f"{name}: {_shown(wanted)}",
                found=_HIDDEN if is_personal and found is not None else _shown(found),
            )


def _shown(value: Value | None) -> str:
    return _NOT_SET if value is None else to_text(value)


def _of_notes(case: Case, call: Rehearsal) -> Iterator[Difference]:
    noted = {step.question: step.answer for step in call.log if isinstance(step, Rated | Surveyed)}
    for question, wanted in case.notes.items():
        if noted.get(question) != wanted:
            yield Difference(
                where=("notes", question),
                expected=f"{question}: {wanted}",
                found=noted.get(question, "no answer"),
            )
    proofs = [step.method for step in call.log if isinstance(step, Proved)]
    if case.identified is not None and case.identified not in proofs:
        yield Difference(
            where=("identified",),
            expected=f"that he is identified by {case.identified.value}",
            found="he is not" if not proofs else ", ".join(each.value for each in proofs),
        )


def _of_end(case: Case, call: Rehearsal) -> Iterator[Difference]:
    found = end_of(call)
    if found != case.end:
        yield Difference(where=("end",), expected=str(case.end), found=str(found))
