"""Whatever an information system sends has a meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.services.reading import Heard, read
from ekc_telephony.core.call.lookup import LookupFailure, LookupOutcome

FOUND = LookupOutcome.FOUND
NOTHING = LookupOutcome.NOT_FOUND


def heard(status: int, body: str | bytes, *, by: str | None = None) -> Heard:
    found_by = None if by is None else tuple(by.split("."))
    return read(status, body.encode() if isinstance(body, str) else body, found_by=found_by)


@pytest.mark.parametrize(
    ("status", "body", "by", "outcome"),
    [
        (200, '{"a": 1}', None, FOUND),
        (201, '{"a": 1}', None, FOUND),
        (200, "\ufeff{}", None, FOUND),
        (404, "<html>", None, NOTHING),
        (204, "", None, NOTHING),
        (200, '{"a": {"b": [1]}}', "a.b", FOUND),
        (200, '{"debt": 0}', "debt", FOUND),
        (200, '{"found": true}', "found", FOUND),
        (200, '{"found": false}', "found", NOTHING),
        (200, '{"found": null}', "found", NOTHING),
        (200, '{"found": []}', "found", NOTHING),
        (200, '{"found": {}}', "found", NOTHING),
        (200, '{"found": ""}', "found", NOTHING),
        (200, '{"other": 1}', "found", NOTHING),
        (200, '{"a": [1]}', "a.b", NOTHING),
    ],
)
def test_an_answer_is_found_or_not(
    status: int, body: str, by: str | None, outcome: LookupOutcome
) -> None:
    what = heard(status, body, by=by)
    assert (what.result.outcome, what.is_well) == (outcome, True)
    assert (what.result.answer is not None) == (outcome is FOUND)


@pytest.mark.parametrize(
    ("status", "by", "is_well", "passes"),
    [
        (400, None, True, False),
        (422, None, True, False),
        (404, "found", True, False),
        (410, None, True, False),
        (401, None, False, False),
        (403, None, False, False),
        (405, None, False, False),
        (408, None, False, False),
        (429, None, False, True),
        (302, None, False, False),
        (500, None, False, True),
        (503, None, False, True),
        (501, None, False, False),
    ],
)
def test_a_status_tells_whose_fault_it_is_and_whether_it_passes(
    status: int, by: str | None, *, is_well: bool, passes: bool
) -> None:
    what = heard(status, '{"found": 1}', by=by)
    assert what.result.failure is LookupFailure.REFUSED
    assert (what.is_well, what.passes) == (is_well, passes)
    assert str(status) in what.detail


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", '{"имя": "Анна"}'.encode("cp1251"), '{"a": NaN}', "null"]
)
def test_what_is_no_answer_is_a_fault_of_the_system(body: str | bytes) -> None:
    what = heard(200, body)
    assert what.result.failure is LookupFailure.BAD_ANSWER
    assert not what.is_well
    assert not what.passes


@given(status=st.integers(100, 999), body=st.binary(max_size=60), by=st.none() | st.just("a.b"))
def test_nothing_that_is_sent_raises(status: int, body: bytes, by: str | None) -> None:
    assert heard(status, body, by=by).result.outcome in LookupOutcome
