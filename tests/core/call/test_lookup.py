"""An answer of an information system is plain, small, and never shown by accident."""

from __future__ import annotations

import json
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.call.commands import AskService
from ekc_telephony.core.call.events import CallArrived, CommandFailed, ServiceAnswered
from ekc_telephony.core.call.lookup import (
    DEEPEST,
    LARGEST_ANSWER,
    NOT_FOUND,
    Answer,
    AnswerUnusableError,
    LookupFailure,
    LookupResult,
)
from ekc_telephony.core.engine.state import Changes
from ekc_telephony.core.kernel.ids import CallId, Did, RequestId, ServiceId
from ekc_telephony.runtime.journal_codec import Step, decode, encode_step
from tests.core.office import NOON, engine

CALL: Final = CallId("ekc-1795424400.17")
REQUEST: Final = RequestId(f"{CALL}-lookup-1")
ASKED: Final = AskService(
    call=CALL, request=REQUEST, service=ServiceId("citizens"), fields={"snils": "11223344595"}
)
FOUND: Final = LookupResult.found(Answer.of({"имя": "Анна", "cases": [{"id": 1}, {"id": 2}]}))
RESULTS: Final = [FOUND, NOT_FOUND, *(LookupResult.failed(each) for each in LookupFailure)]

_PLAIN: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text("abcя", max_size=3), _PLAIN, max_size=3))
def test_whatever_is_plain_json_comes_back_as_it_was(value: dict[str, object]) -> None:
    answer = Answer.of(value)
    assert answer.value() == value
    assert Answer.read(answer.text) == answer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[1]", "no JSON object"),
        ('"text"', "no JSON object"),
        ("null", "no JSON object"),
        ('{"a": NaN}', "no JSON"),
        ('{"a": 1e999}', "cannot hold"),
        ('{"a": "\\ud800"}', "cannot hold"),
        ('{"a": ["\\u0000"]}', "U\\+0000"),
        ('{"a": 9223372036854775808}', "64 bits"),
        ('{"a": ' + "9" * 5000 + "}", "no JSON"),
        ('{"a": ' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "deeper"),
        ('{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", "no JSON"),
        (json.dumps({"a": "x" * LARGEST_ANSWER}), "bytes"),
        (json.dumps({"a": "я" * (LARGEST_ANSWER // 2)}, ensure_ascii=False), "bytes"),
    ],
)
def test_what_is_no_answer_is_refused_without_being_quoted(text: str, why: str) -> None:
    with pytest.raises(AnswerUnusableError, match=why):
        Answer.read(text)


def test_the_deepest_answer_is_taken() -> None:
    text = '{"a":' * DEEPEST + "1" + "}" * DEEPEST
    assert Answer.read(text).find(*["a"] * DEEPEST) == 1


def test_a_part_of_an_answer_is_found_by_its_path() -> None:
    assert FOUND.answer is not None
    assert FOUND.answer.find("cases", 1, "id") == 2
    assert FOUND.answer.find("cases", -1, "id") == 2


@pytest.mark.parametrize(
    "path", [("name",), ("cases", 2), ("cases", "id"), ("имя", 0), ("cases", 0, "id", "x")]
)
def test_where_nothing_stands_nothing_is_found(path: tuple[str | int, ...]) -> None:
    assert FOUND.answer is not None
    assert FOUND.answer.find(*path) is None


def test_an_answer_that_is_changed_by_its_reader_stays_as_it_was() -> None:
    assert FOUND.answer is not None
    FOUND.answer.value().clear()
    assert FOUND.answer.find("имя") == "Анна"


def test_nothing_personal_is_shown_by_repr() -> None:
    told = ServiceAnswered(call=CALL, request=REQUEST, result=FOUND)
    shown = repr([ASKED, told, CommandFailed(command=ASKED, is_gone=False, detail="")])
    assert "11223344595" not in shown
    assert "Анна" not in shown
    assert "citizens" in shown


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: str(each.failure or each.outcome))
def test_the_journal_holds_what_was_asked_and_answered(result: LookupResult) -> None:
    told = ServiceAnswered(call=CALL, request=REQUEST, result=result)
    read = decode(encode_step(NOON, told, [ASKED], Changes(), is_broken=False))
    assert isinstance(read, Step)
    assert (read.event, read.effects) == (told, (ASKED,))


@pytest.mark.parametrize("result", RESULTS, ids=lambda each: str(each.failure or each.outcome))
def test_an_answer_that_nobody_waits_for_changes_nothing(result: LookupResult) -> None:
    core = engine()
    told = ServiceAnswered(call=CALL, request=REQUEST, result=result)
    assert core.handle(told, NOON) == []
    core.handle(CallArrived(call=CALL, did=Did("100"), number=None), NOON)
    assert core.handle(told, NOON) == []
    assert core.handle(CommandFailed(command=ASKED, is_gone=False, detail="no"), NOON) == []
