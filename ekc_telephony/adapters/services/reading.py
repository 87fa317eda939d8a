"""
What an information system's HTTP answer means.

Rule 1: whatever it sends has a meaning; nothing here raises.
Rule 2: what is wrong with the question of one citizen (400, 422) says nothing against the system;
what is wrong with the system or with our access to it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from ekc_telephony.core.call.lookup import (
    NOT_FOUND,
    Answer,
    AnswerUnusableError,
    LookupFailure,
    LookupResult,
)

_NOTHING: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.NO_CONTENT})
_OK: Final = range(200, 300)
_PASSES: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Another try may meet another instance, or a better moment."""
_QUESTIONS_FAULT: Final = frozenset(range(400, 500)) - {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of asking once."""

    result: LookupResult
    is_well: bool
    """Whether the service works, whatever it said."""
    passes: bool = False
    """Whether asking again in a moment may help."""
    detail: str = ""
    """For the log: nothing of what was asked or answered."""


def read(status: int, body: bytes, *, found_by: tuple[str, ...] | None) -> Heard:
    """
    Return what an answer means.

    Args:
        status: HTTP's.
        body: All of it.
        found_by: Where in the answer it stands whether something was found; None: in the status.
    """
    if found_by is None and status in _NOTHING:
        return Heard(result=NOT_FOUND, is_well=True)
    if status not in _OK:
        return Heard(
            result=LookupResult.failed(LookupFailure.REFUSED),
            is_well=status in _QUESTIONS_FAULT,
            passes=status in _PASSES,
            detail=f"HTTP status {status}",
        )
    try:
        answer = Answer.read(body.decode("utf-8-sig"))  # some systems begin with a BOM
    except UnicodeDecodeError:
        return bad_answer("an answer that is no UTF-8")
    except AnswerUnusableError as unusable:
        return bad_answer(str(unusable))
    if found_by is not None and _is_nothing(answer.find(*found_by)):
        return Heard(result=NOT_FOUND, is_well=True)
    return Heard(result=LookupResult.found(answer), is_well=True)


def bad_answer(detail: str) -> Heard:
    """Return that what came cannot be used."""
    return Heard(result=LookupResult.failed(LookupFailure.BAD_ANSWER), is_well=False, detail=detail)


def _is_nothing(value: object) -> bool:
    # Zero is something: an answer may well be that nothing is owed.
    return value is None or value is False or value in ("", [], {})
