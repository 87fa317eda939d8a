"""A service is asked over real sockets: patiently, carefully, and never for longer than allowed."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from ekc_telephony.adapters.services.client import ServiceClient
from ekc_telephony.adapters.services.spec import BreakerRule, Method, ServiceSpec
from ekc_telephony.core.call.lookup import NOT_FOUND, LookupFailure, LookupOutcome, LookupResult
from ekc_telephony.core.kernel.ids import RequestId
from lab.information_systems.faults import Fault
from lab.information_systems.server import InformationSystems, running_information_systems
from tests.adapters.services.asking import LONG, PAUSE, REQUEST, SHORT, Watch, spec_of

STATUS: Final = "cases/status"
CASE: Final = {"case": "1000002"}


@pytest.fixture
def systems() -> Iterator[InformationSystems]:
    with running_information_systems() as running:
        yield running


def ask(spec: ServiceSpec, *fields: dict[str, str]) -> list[LookupResult]:
    """Ask one after the other, with one client."""

    async def story() -> list[LookupResult]:
        async with ServiceClient(spec, clock=Watch()) as client:
            requests = [REQUEST, *(RequestId(f"ekc-1.1-ask-{n + 2}") for n in range(len(fields)))]
            return [await client.ask(*each) for each in zip(requests, fields, strict=False)]

    return asyncio.run(story())


def failures(results: list[LookupResult]) -> list[LookupFailure | None]:
    return [each.failure for each in results]


def test_what_is_there_is_found(systems: InformationSystems) -> None:
    found, nothing = ask(spec_of(systems.url(STATUS)), CASE, {"case": "9"})
    assert found.answer is not None
    assert found.answer.find("rubles") == "12345.50"
    assert nothing == NOT_FOUND


def test_nothing_that_is_asked_stands_in_the_url(systems: InformationSystems) -> None:
    ask(spec_of(systems.url(STATUS), secret=("Authorization", "Bearer x")), CASE)
    (asked,) = systems.asked
    assert (asked.method, asked.url) == ("POST", "/cases/status")
    assert json.loads(asked.body) == CASE
    assert asked.headers["Authorization"] == "Bearer x"
    assert asked.headers["Idempotency-Key"] == REQUEST
    assert asked.headers["Accept-Encoding"] == "identity"


def test_what_is_public_stands_there_encoded(systems: InformationSystems) -> None:
    url = systems.url("offices?region={region}&address={address}")
    spec = spec_of(url, method=Method.GET, is_safe=True)
    (found,) = ask(spec, {"region": "54", "address": "Бердск, улица Ленина, 89"})
    assert found.answer is not None
    assert found.answer.find("count") == 1
    assert "%D0%91%D0%B5%D1%80%D0%B4%D1%81%D0%BA%2C%20" in systems.asked[0].url


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Fault.ERROR, LookupFailure.REFUSED),
        (Fault.UNAVAILABLE, LookupFailure.REFUSED),
        (Fault.FORBIDDEN, LookupFailure.REFUSED),
        (Fault.REDIRECT, LookupFailure.REFUSED),
        (Fault.GARBAGE, LookupFailure.BAD_ANSWER),
        (Fault.WRONG_BYTES, LookupFailure.BAD_ANSWER),
        (Fault.HUGE, LookupFailure.BAD_ANSWER),
        (Fault.DEEP, LookupFailure.BAD_ANSWER),
        (Fault.DROP, LookupFailure.UNREACHABLE),
        (Fault.HALF, LookupFailure.UNREACHABLE),
    ],
)
def test_every_way_to_fail_has_its_word_and_the_next_question_its_answer(
    systems: InformationSystems, fault: Fault, failure: LookupFailure
) -> None:
    systems.fail(STATUS, fault, times=1)
    with capture_logs() as logged:
        results = ask(spec_of(systems.url(STATUS)), CASE, CASE)
    assert failures(results) == [failure, None]
    assert len(systems.asked) == 2
    (line,) = logged
    assert (line["service"], line["why"]) == ("status", failure.value)
    assert "1000002" not in str(logged)


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.TRICKLE])
def test_nobody_waits_longer_than_he_is_to(systems: InformationSystems, fault: Fault) -> None:
    systems.fail(STATUS, fault)
    results = ask(spec_of(systems.url(STATUS), patience=SHORT, retries=3, is_safe=True), CASE)
    # Had he waited, he would have been told something, or the test not have ended.
    assert failures(results) == [LookupFailure.TIMEOUT]
    assert len(systems.asked) == 1


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with capture_logs() as logged:
        results = ask(spec_of(url), CASE)
    assert failures(results) == [LookupFailure.UNREACHABLE]
    assert "ClientConnectorError" in logged[0]["detail"]


def test_a_name_that_nobody_knows_is_unreachable() -> None:
    assert failures(ask(spec_of("http://nobody.invalid/"), CASE)) == [LookupFailure.UNREACHABLE]


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.DROP])
def test_what_passes_is_tried_again_where_that_does_no_harm(
    systems: InformationSystems, fault: Fault
) -> None:
    systems.fail(STATUS, fault, times=2)
    results = ask(spec_of(systems.url(STATUS), retries=2, is_safe=True), CASE)
    assert results[0].outcome is LookupOutcome.FOUND
    assert [each.headers["Idempotency-Key"] for each in systems.asked] == [REQUEST] * 3


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.FORBIDDEN])
def test_what_does_not_pass_is_not_tried_again(systems: InformationSystems, fault: Fault) -> None:
    systems.fail(STATUS, fault, times=1)
    ask(spec_of(systems.url(STATUS), retries=2, is_safe=True), CASE)
    assert len(systems.asked) == 1


def test_tries_and_their_pauses_end_with_the_patience(systems: InformationSystems) -> None:
    systems.fail(STATUS, Fault.UNAVAILABLE)
    spec = spec_of(systems.url(STATUS), patience=SHORT, retries=50, is_safe=True)

    async def story() -> LookupResult:
        async with ServiceClient(spec, clock=Watch(), chance=lambda: 1.0) as client:
            return await client.ask(REQUEST, CASE)

    assert asyncio.run(story()).failure is LookupFailure.TIMEOUT
    assert 1 <= len(systems.asked) <= 2, "pauses of 0.1 s and 0.2 s fill the patience"


def test_a_question_that_does_not_fit_is_not_asked(systems: InformationSystems) -> None:
    results = ask(spec_of(systems.url("offices?region={region}"), method=Method.GET), CASE)
    assert failures(results) == [LookupFailure.MISFIT]
    assert not systems.asked


def test_more_than_may_wait_for_their_turn_within_their_patience(
    systems: InformationSystems,
) -> None:
    systems.fail(STATUS, Fault.SLOW, times=1)
    spec = spec_of(systems.url(STATUS), at_once=1, patience=SHORT)

    async def story() -> list[LookupResult]:
        async with ServiceClient(spec, clock=Watch()) as client, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(client.ask(RequestId(f"{i}"), CASE)) for i in range(5)]
        return [each.result() for each in asked]

    failures = [each.failure for each in asyncio.run(story())]
    # Whoever gets his turn in the last millisecond of his patience is asked in vain, too.
    assert set(failures) == {LookupFailure.TIMEOUT, LookupFailure.OVERLOADED}


def test_a_service_that_fails_again_and_again_is_left_alone_and_tried_after_the_pause(
    systems: InformationSystems,
) -> None:
    systems.fail(STATUS, Fault.ERROR)
    watch = Watch()
    rule = BreakerRule(failures=2, pause=PAUSE)
    spec = spec_of(systems.url(STATUS), breaker=rule, retries=1, is_safe=True)

    async def story() -> None:
        async with ServiceClient(spec, clock=watch, chance=lambda: 0.0) as client:

            async def asked() -> LookupFailure | None:
                return (await client.ask(REQUEST, CASE)).failure

            assert [await asked() for _ in range(3)] == [
                LookupFailure.REFUSED,
                LookupFailure.REFUSED,
                LookupFailure.BREAKER_OPEN,
            ]
            assert client.is_left_alone
            assert len(systems.asked) == 4, "two lookups of two tries"
            watch.moment += PAUSE
            assert await asked() is LookupFailure.REFUSED
            assert len(systems.asked) == 5, "a probe is one try"
            assert await asked() is LookupFailure.BREAKER_OPEN
            systems.fail(STATUS, None)
            watch.moment += PAUSE
            assert await asked() is None
            assert not client.is_left_alone

    with capture_logs() as logged:
        asyncio.run(story())
    changes = [each["event"] for each in logged if each["event"].startswith("the service")]
    assert changes == ["the service is left alone", "the service works again"]


def test_what_citizens_type_wrong_says_nothing_against_the_service(
    systems: InformationSystems,
) -> None:
    spec = spec_of(systems.url(STATUS), breaker=BreakerRule(failures=1, pause=PAUSE))
    results = ask(spec, {}, {"case": "9"}, CASE)
    assert failures(results) == [LookupFailure.REFUSED, None, None]


def test_no_cookie_of_one_citizen_goes_along_with_another() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nSet-Cookie: who=anna\r\nContent-Length: 2\r\n\r\n{}") as (
        port,
        heard,
    ):
        ask(spec_of(f"http://127.0.0.1:{port}/"), CASE, CASE)
    assert len(heard) == 2
    assert not any(b"anna" in each for each in heard)


def test_what_is_packed_is_not_unpacked() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    with answering(head + b"\x1f\x8b\x08\x00") as (port, _):
        results = ask(spec_of(f"http://127.0.0.1:{port}/"), CASE)
    assert failures(results) == [LookupFailure.BAD_ANSWER]


@pytest.mark.parametrize(
    "answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\0" * 9]
)
def test_what_is_no_http_is_unreachable(answer: bytes) -> None:
    with answering(answer) as (port, _):
        results = ask(spec_of(f"http://127.0.0.1:{port}/"), CASE)
    assert failures(results) == [LookupFailure.UNREACHABLE]


def test_only_the_certificates_that_are_named_are_believed(tmp_path: Path) -> None:
    ours, theirs = certificate(tmp_path, "ours"), certificate(tmp_path, "theirs")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ours, ours.with_suffix(".key"))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    mistrusted = [("unreachable", "ClientConnectorCertificateError")]
    for believed, outcome, expected in (
        (ours, LookupOutcome.FOUND, []),
        (theirs, LookupOutcome.FAILED, mistrusted),
    ):
        with answering(answer, context=context) as (port, _), capture_logs() as logged:
            (result,) = ask(spec_of(f"https://127.0.0.1:{port}/", ca_file=believed), CASE)
        assert result.outcome is outcome
        told = [(each["why"], each["detail"].partition(":")[0]) for each in logged]
        assert told == expected


def test_a_question_that_nobody_wants_answered_any_more_ends_at_once(
    systems: InformationSystems,
) -> None:
    systems.fail(STATUS, Fault.SLOW)

    async def story() -> None:
        async with ServiceClient(spec_of(systems.url(STATUS)), clock=Watch()) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(SHORT.total_seconds()):
                    await client.ask(REQUEST, CASE)

    began_s = time.monotonic()
    asyncio.run(story())
    assert timedelta(seconds=time.monotonic() - began_s) < LONG


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate for 127.0.0.1, signed by itself, with its key beside it."""
    made = folder / f"{name}.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=is"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(made.with_suffix(".key"))]
    subprocess.run([*make.split(), *more, "-out", str(made)], check=True, capture_output=True)
    return made


@contextmanager
def answering(
    answer: bytes, *, context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """Answer every connection with these bytes; yields the port and what was heard."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_all, args=(server, answer, context, heard))
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answer_all(
    server: socket.socket, answer: bytes, context: ssl.SSLContext | None, heard: list[Any]
) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            try:
                spoken = connection
                if context is not None:
                    spoken = context.wrap_socket(connection, server_side=True)
                with spoken:
                    heard.append(spoken.recv(10_000))
                    spoken.sendall(answer)
            except OSError:  # the other side does not believe us
                continue
