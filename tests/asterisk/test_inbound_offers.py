"""Whose phone rings, and what follows when its owner does not take the call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity, NotReadyReason, Presence
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore, Refuse
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import FIRST_LINE, FIXED, RINGS_IN_VAIN, write_story_site
from lab.waiting import eventually, happens
from tests.adapters.ari.sip_phone import scripted_phone

AT_ONCE = timedelta()


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node whose phones ring for a short time."""
    folder = tmp_path_factory.mktemp("stand")
    site = write_story_site(folder, ports=PortBlock.find_free(), ring_time=RINGS_IN_VAIN)
    with running_stand(site) as stand:
        yield stand


async def talks_to(stand: Stand, account: str) -> None:
    await stand.until_agent(account, lambda agent: agent.activity is Activity.TALKING)


def fixed_port(stand: Stand) -> int:
    """Return where the node looks for the phone at a fixed address."""
    (contact,) = [each.contact for each in stand.settings.operators if each.account == FIXED]
    return int(str(contact).rpartition(":")[2])


async def test_a_refused_offer_goes_to_another_operator(stand: Stand) -> None:
    await stand.on_duty("ivanova", Refuse(after=AT_ONCE))
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.RESTING)
    await talks_to(stand, "petrov")
    await citizen.line.hang_up()
    assert told(await stand.history(citizen.number))[1:5] == [
        "waiting completed",
        "offer ivanova refused",
        "offer petrov accepted",
        "talk petrov caller_hung_up",
    ]


@pytest.mark.parametrize("status", ["486 Busy Here", "603 Decline"])
async def test_whatever_words_a_phone_refuses_with_the_caller_goes_to_another(
    stand: Stand, status: str
) -> None:
    async with scripted_phone(fixed_port(stand), status) as phone:
        await stand.on_duty(FIXED, Ignore())
        await stand.on_duty("petrov", Answer(after=AT_ONCE))
        citizen = await stand.call(FIRST_LINE)
        await talks_to(stand, "petrov")
        assert len(phone.invites) == 1
        await citizen.line.hang_up()
        segments = told(await stand.history(citizen.number))
        assert segments[2:4] == [f"offer {FIXED} refused", "offer petrov accepted"]
        await stand.off_duty(FIXED)


async def test_a_phone_that_has_vanished_is_given_up_and_the_next_one_rings(stand: Stand) -> None:
    await stand.on_duty(FIXED, Ignore())
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await talks_to(stand, "petrov")
    agent = await stand.until_agent(FIXED, lambda agent: agent.activity is Activity.IDLE)
    assert agent.presence is Presence.NOT_READY
    assert agent.reason is NotReadyReason.NO_ANSWER
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))
    assert segments[2:4] == [f"offer {FIXED} not_answered", "offer petrov accepted"]


async def test_who_lets_it_ring_is_not_ready_afterwards(stand: Stand) -> None:
    await stand.on_duty("ivanova", Ignore())
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await talks_to(stand, "petrov")
    agent = await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.IDLE)
    assert agent.presence is Presence.NOT_READY
    assert agent.reason is NotReadyReason.NO_ANSWER
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))
    assert segments[2:4] == ["offer ivanova not_answered", "offer petrov accepted"]


async def test_a_phone_that_is_not_registered_is_not_rung(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.unregister()
    await stand.until_agent("ivanova", lambda agent: not agent.is_reachable)
    citizen = await stand.call(FIRST_LINE)
    await talks_to(stand, "petrov")
    await citizen.line.hang_up()
    assert "offer petrov accepted" in told(await stand.history(citizen.number))
    assert ivanova.offers == []
    await ivanova.register()
    await stand.until_agent("ivanova", lambda agent: agent.is_reachable)


async def test_who_waits_longer_keeps_his_place_when_his_offer_is_refused(stand: Stand) -> None:
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    talking = await stand.call(FIRST_LINE)
    await talks_to(stand, "ivanova")
    first = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    second = await stand.call(FIRST_LINE)
    await stand.until_waiting(2, queue="first_line")
    petrov = await stand.on_duty("petrov", Refuse(after=AT_ONCE))
    await happens_to(stand, first, "offer petrov refused")
    petrov.react = lambda _: Answer(after=AT_ONCE, talk=timedelta(seconds=0.3))
    await talking.line.hang_up()
    for citizen in (first, second):
        await happens(citizen.line.established)
    await stand.until(lambda board: all(queue.waiting == 0 for queue in board.queues))
    for citizen in (first, second):
        await citizen.line.hang_up()
    served = [await stand.history(each.number) for each in (first, second)]
    answered = [each.summary.answered_at for each in served]
    assert [each.summary.outcome for each in served] == [CallOutcome.ANSWERED] * 2
    assert answered[0] is not None
    assert answered[1] is not None
    assert answered[0] < answered[1]


async def happens_to(stand: Stand, citizen: Citizen, segment: str) -> None:
    async def look() -> bool:
        calls = await stand.calls_of(citizen.number)
        return bool(calls) and segment in told(await stand.history_of(calls[0]))

    await eventually(look, what=segment)


async def test_the_operator_who_was_free_for_longest_is_rung_first(stand: Stand) -> None:
    turns = ["sidorova", "ivanova", "petrov"]
    for account in turns:
        await stand.on_duty(account, Answer(after=AT_ONCE, talk=timedelta(seconds=0.2)))
    served: list[str | None] = []
    for _ in range(4):
        citizen = await stand.call(FIRST_LINE)
        history = await stand.history(citizen.number)
        served.append(history.summary.agent)
    assert served == [*turns, "sidorova"]
