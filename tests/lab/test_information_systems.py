"""The made-up information systems know what scripts ask, and fail as they are told to."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from urllib.error import HTTPError

import pytest

from lab.information_systems.faults import Fault
from lab.information_systems.registry import OPERATIONS, FieldMissingError, Registry
from lab.information_systems.server import InformationSystems, running_information_systems
from lab.runtime import PROJECT

TODAY: Final = date(2026, 11, 23)
ANNA: Final = "11223344595"


@pytest.fixture
def registry() -> Registry:
    return Registry(lambda: TODAY)


@pytest.fixture(scope="module")
def systems() -> Iterator[InformationSystems]:
    with running_information_systems() as running:
        yield running


def asked(url: str, fields: dict[str, str] | None = None, *, method: str | None = None) -> Any:
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(url, data=body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = answer.read()
        return json.loads(said) if said else None


@pytest.mark.parametrize(
    ("operation", "fields", "part"),
    [
        ("citizens/by-snils", {"snils": ANNA}, {"citizen": "c-1", "has_code_word": True}),
        ("citizens/by-number", {"number": "+79990000002"}, {"citizen": "c-2"}),
        ("citizens/by-code-word", {"snils": ANNA, "code_word": "4521"}, {"citizen": "c-1"}),
        ("citizens/by-code-word", {"number": "+79990000002", "code_word": "1917"}, {}),
        ("cases/status", {"case": "1000002"}, {"rubles": "12345.50", "paid_on": "2026-11-28"}),
        ("doctor/slots", {"doctor": "therapist"}, {"count": 3}),
        ("doctor/home-visit", {"snils": ANNA}, {"visit": "0001", "date": "2026-11-24"}),
        ("vaccination", {"region": "04", "vaccine": "flu"}, {"count": 1}),
        ("offices", {"region": "54"}, {"count": 2}),
    ],
)
def test_what_is_there_is_told(
    registry: Registry, operation: str, fields: dict[str, str], part: dict[str, object]
) -> None:
    found = registry.ask(operation, fields)
    assert found is not None
    assert part.items() <= found.items()


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("citizens/by-snils", {"snils": "00000000000"}),
        ("citizens/by-number", {"number": "+79990000009"}),
        ("citizens/by-code-word", {"snils": ANNA, "code_word": "1917"}),
        ("cases/status", {"case": "9"}),
        ("doctor/slots", {"doctor": "surgeon"}),
        ("doctor/book", {"slot": "9", "snils": ANNA}),
        ("doctor/home-visit", {"snils": "00000000000"}),
        ("vaccination", {"region": "77"}),
        ("offices", {"region": "77"}),
    ],
)
def test_what_is_not_there_is_not_found(
    registry: Registry, operation: str, fields: dict[str, str]
) -> None:
    assert registry.ask(operation, fields) is None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_told_to_who_asks_for_nothing(registry: Registry, operation: str) -> None:
    with pytest.raises(FieldMissingError):
        registry.ask(operation, {})


def test_a_time_is_given_once_and_the_same_question_gets_the_same_answer(
    registry: Registry,
) -> None:
    fields = {"slot": "101", "snils": ANNA}
    booked = registry.ask("doctor/book", fields, key="ekc-1-ask-1")
    assert booked is not None
    assert registry.ask("doctor/book", fields, key="ekc-1-ask-1") == booked
    assert registry.ask("doctor/book", fields, key="ekc-2-ask-1") is None
    left = registry.ask("doctor/slots", {"doctor": "therapist"})
    assert left is not None
    assert left["first"]["slot"] == "102"


def test_every_made_up_snils_has_its_check_digits(registry: Registry) -> None:
    for each in registry.world["citizens"]:
        digits, check = each["snils"][:9], int(each["snils"][9:])
        total = sum(int(digit) * (9 - at) for at, digit in enumerate(digits))
        assert total % 101 % 100 == check, each["snils"]
        assert re.fullmatch(r"\+799900000\d\d", each.get("number", "+79990000000"))


def test_they_answer_over_http(systems: InformationSystems) -> None:
    found = asked(systems.url("cases/status"), {"case": "1000001"})
    assert (found["case"], found["state"]) == ("1000001", "accepted")
    assert asked(systems.url("offices?region=04"))["count"] == 1
    assert systems.asked[-1].url == "/offices?region=04"


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("cases/status", {"case": "9"}, 404),
        ("cases/status", {}, 400),
        ("cases/stats", {"case": "1000001"}, 410),
    ],
)
def test_what_they_cannot_tell_has_a_status(
    systems: InformationSystems, path: str, fields: dict[str, str], status: int
) -> None:
    with pytest.raises(HTTPError) as refusal:
        asked(systems.url(path), fields)
    with refusal.value:
        assert refusal.value.code == status


def test_they_fail_as_often_as_they_are_told_to(systems: InformationSystems) -> None:
    fault = json.dumps({"fault": "unavailable", "times": 1}).encode()
    where = systems.url("faults/cases/status")
    with urllib.request.urlopen(urllib.request.Request(where, data=fault, method="PUT")):
        pass
    with pytest.raises(HTTPError) as refusal:
        asked(systems.url("cases/status"), {"case": "1000001"})
    with refusal.value:
        assert refusal.value.code == 503
    assert asked(systems.url("cases/status"), {"case": "1000001"})


def test_who_does_not_know_the_secret_is_told_nothing() -> None:
    with running_information_systems(bearer="x") as systems:
        with pytest.raises(HTTPError) as refusal:
            asked(systems.url("cases/status"), {"case": "1000001"})
        with refusal.value:
            assert refusal.value.code == 401


def test_they_end_at_once_though_somebody_waits_for_an_answer() -> None:
    with running_information_systems() as systems:
        systems.fail("offices", Fault.SLOW)
        with socket.create_connection(("127.0.0.1", systems.port)) as waiting:
            waiting.sendall(b"GET /offices HTTP/1.1\r\nHost: x\r\n\r\n")
            systems.wait_until_asked(1)


def test_a_port_that_is_taken_is_told() -> None:
    with (
        running_information_systems() as systems,
        pytest.raises(OSError, match="in use"),
        running_information_systems(port=systems.port),
    ):
        pass


def test_they_run_from_the_command_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-u", "-m", "lab.information_systems", f"--port={port}"]
    with subprocess.Popen(
        [*command, "--fault=offices=error"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "doctor/slots" in process.stdout.readline()
        process.terminate()
        assert process.wait(60) == 0
