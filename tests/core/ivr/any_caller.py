"""
Any caller, and any world around him, for properties of scripts: what hypothesis draws happens.

`moves()` draws one thing that happens, which may be out of place: who walks decides what of it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from hypothesis import strategies as st

from ekc_telephony.core.call.lookup import NOT_FOUND, Answer, LookupFailure, LookupResult
from tests.core.ivr.any_script import KEY


class Happening(Enum):
    """What is no key and no answer."""

    HEARD = "heard"
    """The prompts came to their end."""
    SILENCE = "silence"
    """Time passes until something is due."""
    A_MOMENT = "a moment"
    """Half a second passes."""
    BLINDNESS = "blindness"
    """We did not see Asterisk for a while; he is asked again."""
    TALK_OVER = "talk over"
    NOT_CONNECTED = "not connected"
    NO_MESSAGE = "no message"


@dataclass(frozen=True, slots=True)
class Key:
    """He presses a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Answers:
    """An information system answers, perhaps an earlier question."""

    result: LookupResult
    questions_ago: int


Move = Happening | Key | Answers

_JSON: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
    st.sampled_from(
        [
            "10:30+03:00",
            "2026-11-29",
            "2026-11-29T10:30Z",
            "120.50",
            "1E+9999999",
            "1e-9999999",
            "sNaN",
            "٣",
        ]
    ),
)
RESULTS: Final[st.SearchStrategy[LookupResult]] = st.one_of(
    st.builds(
        lambda value, inner: LookupResult.found(Answer.of({"v": value, "in": inner})),
        _JSON,
        st.lists(_JSON, max_size=2) | st.dictionaries(st.just("0"), _JSON),
    ),
    st.just(NOT_FOUND),
    st.sampled_from([LookupResult.failed(each) for each in LookupFailure]),
)
"""What an information system may answer."""


@cache
def moves() -> st.SearchStrategy[Move]:
    """Return anything that may happen to a caller in a script."""
    return st.one_of(
        st.just(Happening.HEARD),
        st.just(Happening.SILENCE),
        st.builds(Key, KEY),
        st.builds(Key, st.sampled_from("0123456789")),
        st.builds(Answers, RESULTS, st.sampled_from([0, 0, 0, 1, 2])),
        st.sampled_from(list(Happening)),
    )
