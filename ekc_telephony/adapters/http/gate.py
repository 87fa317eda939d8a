"""
The gate before whatever may be done over HTTP: the key, a readable body, and refusals in words.

Rule 1: without the key nothing is told, not even whether what is asked for exists.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from difflib import get_close_matches
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from fastapi import Request, Response

SaidT = TypeVar("SaidT")
BODY_AT_MOST: Final = 4096


class Complaint(msgspec.Struct):
    """Why it was not done."""

    found: str
    expected: str


class RefusedError(Exception):
    """
    A request is not granted.

    Args:
        status: The HTTP status.
        found: What was found.
        expected: What is expected, in words that can be acted on.
    """

    def __init__(self, status: HTTPStatus, *, found: str, expected: str) -> None:
        super().__init__(f"found {found}; expected {expected}")
        self.status = status
        self.found = found
        self.expected = expected

    def answer(self) -> Response:
        """Return it as the answer to a request."""
        body = msgspec.json.encode(Complaint(found=self.found, expected=self.expected))
        is_unknown = self.status is HTTPStatus.UNAUTHORIZED
        headers = {"WWW-Authenticate": "Bearer"} if is_unknown else {}
        return Response(
            body, status_code=self.status, media_type="application/json", headers=headers
        )


class Gate:
    """
    Let those in who show the key.

    Args:
        key: The installation's.
    """

    def __init__(self, key: str) -> None:
        self._authorisation = f"Bearer {key}".encode()

    def check_key(self, request: Request) -> None:
        """
        Look at the key.

        Raises:
            RefusedError: There is none, or it is wrong.
        """
        shown = request.headers.get("authorization", "").encode()
        if not secrets.compare_digest(shown, self._authorisation):
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                found="no key, or a wrong one",
                expected="the header `Authorization: Bearer KEY`, with the key `api` of "
                "secrets.json",
            )


async def said(request: Request, kind: type[SaidT], *, words: str) -> SaidT:
    """
    Read what a request says.

    Args:
        request: The request.
        kind: What its body must be.
        words: The same for a person.

    Raises:
        RefusedError: It is too long, or something else.
    """
    body = await request.body()
    if len(body) > BODY_AT_MOST:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            found=f"{len(body)} bytes",
            expected=f"at most {BODY_AT_MOST}",
        )
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, found=str(error), expected=words
        ) from error


def known(what: str, name: str, names: Collection[str]) -> str:
    """
    Return the name.

    Raises:
        RefusedError: It is none of `names`.
    """
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    expected = f"one of ekc.yaml; did you mean {near[0]}?" if near else "one of ekc.yaml"
    raise RefusedError(HTTPStatus.NOT_FOUND, found=f"the {what} {name}", expected=expected)


def answer(content: object) -> Response:
    """Return an answer in JSON."""
    return Response(msgspec.json.encode(content), media_type="application/json")
