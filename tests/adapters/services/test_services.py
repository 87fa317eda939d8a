"""Every lookup is answered exactly once, and none holds anything else up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ekc_telephony.adapters.prometheus.services import ServiceNumbers
from ekc_telephony.adapters.services.services import OnAnswer, Services, tell_nobody
from ekc_telephony.adapters.services.spec import BreakerRule, ServiceSpec
from ekc_telephony.core.call.commands import AskService
from ekc_telephony.core.call.events import ServiceAnswered
from ekc_telephony.core.kernel.ids import CallId, RequestId, ServiceId
from ekc_telephony.runtime.supervisor import contained
from lab.information_systems.faults import Fault
from lab.information_systems.server import InformationSystems, running_information_systems
from tests.adapters.services.asking import PAUSE, SERVICE, SHORT, Watch, spec_of

STATUS: Final = "cases/status"
SLOW: Final = ServiceId("slow")


@pytest.fixture
def systems() -> Iterator[InformationSystems]:
    with running_information_systems() as running:
        yield running


def asked(number: int, *, service: ServiceId = SERVICE, case: str = "1000001") -> AskService:
    call = CallId(f"ekc-1.{number}")
    request = RequestId(f"{call}-ask-1")
    return AskService(call=call, request=request, service=service, fields={"case": case})


class Rig:
    """Services that run, and the answers that come from them."""

    def __init__(self, *specs: ServiceSpec, on_answer: OnAnswer = tell_nobody) -> None:
        self.answers: asyncio.Queue[ServiceAnswered] = asyncio.Queue()
        self.services = Services(
            specs, deliver=self.answers.put_nowait, clock=Watch(), on_answer=on_answer
        )

    async def take(self, count: int) -> list[tuple[CallId, str]]:
        """Wait for so many answers; return whose they are, and what became of each."""
        came = [await self.answers.get() for _ in range(count)]
        return [(each.call, (each.result.failure or each.result.outcome).value) for each in came]

    def play(self, story: Callable[[], Awaitable[None]]) -> None:
        """Let the services run as long as the story lasts."""

        async def whole() -> None:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(self.services.run())
                await story()
                running.cancel()

        asyncio.run(whole())


def test_every_lookup_is_answered_to_the_call_that_asked(systems: InformationSystems) -> None:
    rig = Rig(spec_of(systems.url(STATUS)))

    async def story() -> None:
        rig.services.submit(asked(1))
        rig.services.submit(asked(2, case="9"))
        rig.services.submit(asked(3, service=ServiceId("nobody")))
        assert sorted(await rig.take(3)) == [
            ("ekc-1.1", "found"),
            ("ekc-1.2", "not_found"),
            ("ekc-1.3", "unknown_service"),
        ]
        assert rig.services.backlog == 0

    with capture_logs() as logged:
        rig.play(story)
    assert [each["service"] for each in logged] == ["nobody"]


def test_a_slow_service_holds_nobody_else_up(systems: InformationSystems) -> None:
    systems.fail("offices", Fault.SLOW)
    slow = spec_of(systems.url("offices"), service=SLOW, at_once=1)
    rig = Rig(slow, spec_of(systems.url(STATUS)))

    async def story() -> None:
        for number in range(5):
            rig.services.submit(asked(number, service=SLOW))
        rig.services.submit(asked(9))
        assert await rig.take(1) == [("ekc-1.9", "found")]
        assert rig.services.backlog == 5

    rig.play(story)
    assert rig.answers.empty()


def test_what_was_asked_before_it_runs_is_asked_then(systems: InformationSystems) -> None:
    rig = Rig(spec_of(systems.url(STATUS)))
    rig.services.submit(asked(1))
    rig.services.submit(asked(1))

    async def story() -> None:
        assert await rig.take(1) == [("ekc-1.1", "found")]

    rig.play(story)
    assert len(systems.asked) == 1


def test_a_request_that_is_under_way_is_not_asked_again_and_one_that_was_answered_is(
    systems: InformationSystems,
) -> None:
    rig = Rig(spec_of(systems.url(STATUS)))

    async def story() -> None:
        for _ in range(3):
            rig.services.submit(asked(1))
        assert await rig.take(1) == [("ekc-1.1", "found")]
        rig.services.submit(asked(1))
        assert await rig.take(1) == [("ekc-1.1", "found")]

    rig.play(story)
    assert len(systems.asked) == 2
    assert rig.answers.empty()


def test_what_is_wrong_is_said_in_words_as_long_as_it_is(systems: InformationSystems) -> None:
    systems.fail(STATUS, Fault.ERROR)
    rule = BreakerRule(failures=1, pause=PAUSE)
    rig = Rig(spec_of(systems.url(STATUS), breaker=rule))

    def trouble() -> str:
        return rig.services.trouble or ""

    assert not trouble()

    async def story() -> None:
        rig.services.submit(asked(1))
        await rig.take(1)

    with capture_logs():
        rig.play(story)
    assert rig.services.is_left_alone(SERVICE)
    assert "status" in trouble()


def test_lookups_are_counted(systems: InformationSystems) -> None:
    registry = CollectorRegistry()
    numbers = ServiceNumbers(registry)
    systems.fail("offices", Fault.SLOW)
    rule = BreakerRule(failures=1, pause=PAUSE)
    slow = spec_of(systems.url("offices"), service=SLOW, patience=SHORT, breaker=rule)
    rig = Rig(spec_of(systems.url(STATUS)), slow, on_answer=numbers.answered)
    numbers.watch(rig.services.names, rig.services.is_left_alone)

    async def story() -> None:
        for each in (asked(1), asked(2), asked(3, case="9"), asked(4, service=SLOW)):
            rig.services.submit(each)
        await rig.take(4)
        rig.services.submit(asked(5, service=SLOW))
        await rig.take(1)

    with capture_logs():
        rig.play(story)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    requests = "ekc_service_requests_total"
    assert value(requests, service="status", result="found") == 2
    assert value(requests, service="status", result="not_found") == 1
    assert value(requests, service="slow", result="timeout") == 1
    assert value(requests, service="slow", result="breaker_open") == 1
    assert value("ekc_service_seconds_count", service="slow") == 1
    assert value("ekc_service_breaker_open", service="slow") == 1
    assert value("ekc_service_breaker_open", service="status") == 0


def test_a_bug_of_ours_costs_one_lookup_and_its_text_is_kept_out_of_the_log() -> None:
    async def breaks() -> str:
        raise ValueError("11223344595")

    async def story() -> str:
        return await contained(breaks(), otherwise="failed", what="a lookup")

    with capture_logs() as logged:
        assert asyncio.run(story()) == "failed"
    (line,) = logged
    assert (line["part"], line["kind"]) == ("a lookup", "ValueError")
    assert "11223344595" not in str(line)
    assert any("test_services.py" in each for each in line["where"])
