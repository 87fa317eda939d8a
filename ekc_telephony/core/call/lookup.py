"""
A lookup: what a script asks one of the centre's information systems, and what comes of it.

A lookup is an `AskService` that leaves the core and the `ServiceAnswered` that comes back. It has
three outcomes, each of which leads a script somewhere: the system knew (found), it knew that there
is nothing (not found), or nobody knows (failed).

Rule 1: what was asked and answered is personal: it is in no `repr`, so it cannot reach a log by way
of an exception or a careless line.
Rule 2: an answer is a JSON object kept as its text: nobody can change it, two are equal when they
say the same in the same order, and the journal holds it as it is.
Rule 3: an answer is small and plain enough for whatever the core may do with a part of it: no
deeper than `DEEPEST`, no number that MessagePack cannot hold, no text that is not Unicode.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NoReturn, TypeAlias, final

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)

LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of UTF-8. What is told to a caller is a line or two; the journal keeps every answer."""
DEEPEST: Final = 16
"""Blocks within blocks; `ekc.yaml` itself may have 20."""
_LARGEST_NUMBER: Final = 2**63


class LookupOutcome(Enum):
    """What became of a lookup, as far as a script acts on it."""

    FOUND = "found"
    """The information system answered, and its answer is there."""
    NOT_FOUND = "not_found"
    """It answered that it has nothing for what was asked."""
    FAILED = "failed"
    """Nobody knows: there is no answer that could be used."""


class LookupFailure(Enum):
    """Why a lookup failed."""

    TIMEOUT = "timeout"
    """No answer within the service's patience, all retries included."""
    UNREACHABLE = "unreachable"
    """No connection, or one that broke: DNS, TCP, TLS."""
    REFUSED = "refused"
    """An HTTP status that is no answer: 4xx, 5xx, a redirect."""
    BAD_ANSWER = "bad_answer"
    """No JSON object, or one that is too large, too deep or otherwise not plain."""
    BREAKER_OPEN = "breaker_open"
    """It was not asked: it has just failed too often in a row."""
    OVERLOADED = "overloaded"
    """It was not asked: too many lookups at it are under way."""
    MISFIT = "misfit"
    """It was not asked: the script's fields are not those that it can be asked by."""
    UNKNOWN_SERVICE = "unknown_service"
    """It was not asked: the configuration does not name it (any more)."""


class AnswerUnusableError(Exception):
    """What was sent is no answer; the text says why, and nothing of what it is."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What an information system knew: a JSON object.

    Make one with `Answer.read` or `Answer.of`.
    """

    text: str = field(repr=False)
    """As compact JSON."""

    @classmethod
    def read(cls, text: str) -> Answer:
        """
        Return the answer that a JSON text says.

        Raises:
            AnswerUnusableError: It is no JSON object, or breaks rule 3.
        """
        if len(text) > LARGEST_ANSWER:
            raise AnswerUnusableError(f"an answer of more than {LARGEST_ANSWER} bytes")
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):  # whose own words may quote it
            raise AnswerUnusableError("an answer that is no JSON") from None
        return cls.of(value)

    @classmethod
    def of(cls, value: object) -> Answer:
        """
        Return the answer of this JSON object.

        Raises:
            AnswerUnusableError: It is no JSON object, or breaks rule 3.
        """
        if not isinstance(value, dict):
            raise AnswerUnusableError("an answer that is no JSON object")
        _examine(value, DEEPEST)
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            size = len(text.encode())
        except (ValueError, TypeError):  # an infinite number, half a surrogate pair
            raise AnswerUnusableError("an answer with what JSON cannot hold") from None
        if size > LARGEST_ANSWER:
            raise AnswerUnusableError(f"an answer of more than {LARGEST_ANSWER} bytes")
        return cls(text=text)

    def value(self) -> dict[str, JsonValue]:
        """Return the whole object, anew each time."""
        read: dict[str, JsonValue] = json.loads(self.text)
        return read

    def find(self, *path: str | int) -> JsonValue:
        """Return what stands at the end of a path of keys and indexes; None when nothing does."""
        found: JsonValue = self.value()
        for step in path:
            match found, step:
                case dict(), str():
                    found = found.get(step)
                case list(), int() if -len(found) <= step < len(found):
                    found = found[step]
                case _:
                    return None
        return found


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """
    What became of a lookup.

    Make one with `LookupResult.found`, `LookupResult.failed`, or take `NOT_FOUND`.
    """

    outcome: LookupOutcome
    answer: Answer | None = field(default=None, repr=False)
    """For `FOUND`, and with nothing else."""
    failure: LookupFailure | None = None
    """For `FAILED`, and with nothing else."""

    @classmethod
    def found(cls, answer: Answer) -> LookupResult:
        """Return that the information system knew."""
        return cls(outcome=LookupOutcome.FOUND, answer=answer)

    @classmethod
    def failed(cls, failure: LookupFailure) -> LookupResult:
        """Return that nobody knows."""
        return cls(outcome=LookupOutcome.FAILED, failure=failure)


NOT_FOUND: Final = LookupResult(outcome=LookupOutcome.NOT_FOUND)
"""The information system has nothing for what was asked."""


def _refuse_constant(written: str) -> NoReturn:
    raise ValueError(f"{written} is no JSON")  # RFC 8259, section 6


def _examine(value: object, depth: int) -> None:
    """Raise unless all of a value is as rule 3 says."""
    match value:
        case dict() | list() if depth == 0:
            raise AnswerUnusableError(f"an answer deeper than {DEEPEST} blocks within blocks")
        case dict():
            for key, inner in value.items():
                _examine(key, depth - 1)
                _examine(inner, depth - 1)
        case list():
            for inner in value:
                _examine(inner, depth - 1)
        case str() if "\0" in value:  # PostgreSQL's texts cannot hold it
            raise AnswerUnusableError("an answer with a text that holds the character U+0000")
        case int() if not -_LARGEST_NUMBER <= value < _LARGEST_NUMBER:
            raise AnswerUnusableError("an answer with a number of more than 64 bits")
        case _:
            pass
