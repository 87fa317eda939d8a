"""What is sent holds what was asked where it may stand, and nothing anywhere else."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.services.question import MisfitError, question
from ekc_telephony.adapters.services.spec import Method
from tests.adapters.services.asking import REQUEST, spec_of

URL = "https://is.example/{region}/status?place={region}"


def test_everything_travels_in_the_body_of_a_post() -> None:
    asked = question(spec_of("https://is.example"), REQUEST, {"snils": "1", "name": "Анна"})
    assert (asked.method, asked.url) == ("POST", "https://is.example")
    assert json.loads(asked.body or b"") == {"snils": "1", "name": "Анна"}
    assert asked.headers == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": REQUEST,
    }


def test_a_get_has_no_body() -> None:
    spec = spec_of(URL, method=Method.GET, headers={"X-Snils": "snils"})
    asked = question(spec, REQUEST, {"region": "04", "snils": "1"})
    assert (asked.method, asked.url) == ("GET", "https://is.example/04/status?place=04")
    assert asked.body is None
    assert asked.headers["X-Snils"] == "1"


def test_who_we_are_is_said_in_the_header_that_was_agreed_upon() -> None:
    spec = spec_of("https://is.example", secret=("Authorization", "Bearer x"))
    assert question(spec, REQUEST, {}).headers["Authorization"] == "Bearer x"


@given(value=st.text())
def test_a_value_stays_within_its_place_in_a_url(value: str) -> None:
    spec = spec_of(URL)
    try:
        asked = question(spec, REQUEST, {"region": value})
    except MisfitError:
        assert set(value) == {"."}
        return
    parts = urlsplit(asked.url)
    first, *rest = parts.path.removeprefix("/").split("/")
    told = value.encode(errors="replace").decode()
    assert (parts.netloc, rest, parts.fragment) == ("is.example", ["status"], "")
    assert unquote(first) == told
    assert parse_qs(parts.query, keep_blank_values=True) == {"place": [told]}


@given(value=st.text())
def test_a_value_stays_within_its_header(value: str) -> None:
    spec = spec_of("https://is.example", headers={"X-Name": "name"})
    sent = question(spec, REQUEST, {"name": value}).headers["X-Name"]
    assert sent.isascii()
    assert sent.isprintable()


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        (Method.POST, {}, "without region"),
        (Method.GET, {"region": "04", "snils": "11223344595"}, "with snils"),
        (Method.GET, {"region": ".."}, "nothing but dots in region"),
    ],
)
def test_what_does_not_fit_is_told_without_a_value(
    method: Method, fields: dict[str, str], why: str
) -> None:
    with pytest.raises(MisfitError, match=why) as misfit:
        question(spec_of(URL, method=method), REQUEST, fields)
    assert "11223344595" not in str(misfit.value)


def test_a_question_does_not_show_what_is_asked() -> None:
    asked = question(spec_of(URL), REQUEST, {"region": "Алтай", "snils": "11223344595"})
    assert "11223344595" not in repr(asked)
