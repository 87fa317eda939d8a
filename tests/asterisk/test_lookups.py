"""A script asks an information system while its caller waits, and goes on without it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest

from lab.information_systems.faults import Fault
from lab.information_systems.server import InformationSystems, running_information_systems
from lab.node import Document, engine_log
from lab.ports import PortBlock
from lab.stand import Stand, running_stand
from lab.story_site import write_story_site
from lab.waiting import eventually, happens

WHO: Final = "88001000031"
"""Asks who calls: three goodbyes tell what came of it."""
BY_NUMBER: Final = "citizens/by-number"
ANNA: Final = "+79990000001"
STRANGER: Final = "+79990000099"
FOUND, NOTHING, FALLBACK = "message-thanks", "after-hours", "no-agents"
SCRIPT: Final = f"""
entry: who
variables: {{name: {{kind: text, personal: true}}}}
nodes:
  who:
    kind: lookup
    service: citizens
    fields: {{number: caller.number}}
    into: {{name: name}}
    prompts: [greeting]
    next: known
    not_found: unknown
    fallback: alone
  known: {{kind: goodbye, prompts: [{FOUND}], outcome: self_served}}
  unknown: {{kind: goodbye, prompts: [{NOTHING}], outcome: informed_after_hours}}
  alone: {{kind: goodbye, prompts: [{FALLBACK}], outcome: informed_no_agents}}
"""


@pytest.fixture(scope="module")
def systems() -> Iterator[InformationSystems]:
    with running_information_systems() as running:
        yield running


@pytest.fixture(scope="module")
def module_stand(
    tmp_path_factory: pytest.TempPathFactory, systems: InformationSystems
) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        document["numbers"].append({"did": WHO, "script": "who"})
        document["services"] = [
            {
                "id": "citizens",
                "url": systems.url(BY_NUMBER),
                "safe": True,
                "timeout": "30s",
                "breaker": {"failures": 1, "pause": "1s"},
                "headers": {"X-Number": "number"},
            }
        ]
        (folder / "scripts" / "who.yaml").write_text(SCRIPT, encoding="utf-8")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(config) as stand:
        yield stand


@pytest.mark.parametrize(("number", "prompt"), [(ANNA, FOUND), (STRANGER, NOTHING)])
async def test_the_script_goes_where_the_answer_leads(
    stand: Stand, number: str, prompt: str
) -> None:
    citizen = await stand.call(WHO, number=number)
    await stand.hears(citizen.line, prompt)
    await happens(citizen.line.ended)


async def test_a_system_that_fails_is_left_alone_and_its_callers_take_the_fallback(
    stand: Stand, systems: InformationSystems
) -> None:
    systems.fail(BY_NUMBER, Fault.FORBIDDEN)
    citizen = await stand.call(WHO, number=ANNA)
    await stand.hears(citizen.line, FALLBACK)
    assert await stand.metric("ekc_service_breaker_open") == 1
    health = await stand.health()
    assert health.is_healthy
    assert "citizens" in health.warnings["services"]
    log = engine_log(stand.settings).read_text(encoding="utf-8")
    assert "the service is left alone" in log
    assert ANNA not in log
    systems.fail(BY_NUMBER, None)
    await eventually(lambda: served_again(stand), what="that it is asked again")
    assert await stand.metric("ekc_service_breaker_open") == 0


async def served_again(stand: Stand) -> bool:
    citizen = await stand.call(WHO, number=ANNA)
    await happens(citizen.line.ended)
    return "services" not in (await stand.health()).warnings


async def test_the_next_engine_asks_the_same_question_again(
    stand: Stand, systems: InformationSystems
) -> None:
    await stand.prepare_engine()
    systems.fail(BY_NUMBER, Fault.SLOW, times=1)
    before = len(systems.asked)
    citizen = await stand.call(WHO, number=ANNA)
    await asyncio.to_thread(systems.wait_until_asked, before + 1)
    await stand.replace_engine()  # the caller waits for an answer no longer than `timeout`
    await stand.hears(citizen.line, FOUND)
    keys = [each.headers["Idempotency-Key"] for each in list(systems.asked)[before:]]
    assert len(keys) == 2
    assert keys[0] == keys[1]
