"""The event socket is cut, Asterisk dies, the engine dies: what becomes of calls in every phase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.phones.voice import whistle
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import FIRST_LINE, HOTLINE, PENSIONS, write_story_site
from lab.waiting import eventually, happens
from tests.asterisk.test_queue_scenarios import UNHURRIED, add_unhurried_queue

AT_ONCE = timedelta()
GIVEN_UP = {CallOutcome.SHORT, CallOutcome.ABANDONED_IN_QUEUE}
"""By the time it took: `SHORT_CALL` is five seconds."""


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node with a queue whose wrap-up ends by a code only."""
    folder = tmp_path_factory.mktemp("stand")

    def change(document: Document) -> None:
        add_unhurried_queue(document, folder / "scripts")

    config = write_story_site(folder, ports=PortBlock.find_free(), change=change)
    with running_stand(config) as stand:
        yield stand


@dataclass(kw_only=True)
class House:
    """One call in each phase."""

    in_the_menu: Citizen
    waiting: Citizen
    ringing: Citizen
    talking: Citizen
    ivanova: OperatorPhone
    """Talks to `talking`."""
    orlov: OperatorPhone
    """His phone rings for `ringing`."""

    @property
    def citizens(self) -> tuple[Citizen, ...]:
        return self.in_the_menu, self.waiting, self.ringing, self.talking


async def full_house(stand: Stand) -> House:
    """Bring one call into each phase; the one in the menu last, since it does not last."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    talking = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    waiting = await stand.call(FIRST_LINE)
    await stand.until_waiting(1, queue="first_line")
    orlov = await stand.on_duty("orlov", Ignore())
    ringing = await stand.call(PENSIONS)
    await stand.until_agent("orlov", lambda each: each.activity is Activity.RESERVED)
    in_the_menu = await stand.call(HOTLINE)
    await stand.hears(in_the_menu.line, "greeting")
    return House(
        in_the_menu=in_the_menu,
        waiting=waiting,
        ringing=ringing,
        talking=talking,
        ivanova=ivanova,
        orlov=orlov,
    )


async def both_hear_each_other(citizen: Citizen, phone: OperatorPhone) -> None:
    line = phone.lines[-1]
    moment = line.heard_so_far.duration
    citizen.line.say(whistle(), is_repeated=True)
    line.say(whistle(), is_repeated=True)
    assert await line.hear(whistle())
    assert await citizen.line.hear(whistle())
    assert line.heard_so_far.duration > moment


async def outcomes(stand: Stand, *citizens: Citizen) -> list[CallOutcome]:
    return [await stand.outcome_of(each.number) for each in citizens]


async def test_nothing_is_lost_when_the_event_socket_is_cut_in_the_middle_of_calls(
    stand: Stand,
) -> None:
    house = await full_house(stand)
    before = await stand.metric("ekc_ari_connections")
    stand.asterisk.command("ari shutdown websocket sessions")

    async def is_back() -> bool:
        return await stand.metric("ekc_ari_connections") > before

    await stand.until(lambda board: board.is_connected)
    await eventually(is_back)
    house.orlov.react = lambda _: Answer(after=AT_ONCE)
    await house.in_the_menu.line.press("1")
    await both_hear_each_other(house.talking, house.ivanova)
    await house.talking.line.hang_up()
    await stand.until(lambda _: len(house.ivanova.offers) == 2)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await house.waiting.line.hang_up()
    await stand.until(lambda _: len(house.ivanova.offers) == 3)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    for citizen in (house.in_the_menu, house.ringing):
        await citizen.line.hang_up()
    assert await outcomes(stand, house.talking, house.waiting, house.in_the_menu) == [
        CallOutcome.ANSWERED,
        CallOutcome.ANSWERED,
        CallOutcome.ANSWERED,
    ]
    assert (await outcomes(stand, house.ringing))[0] in GIVEN_UP
    assert await stand.metric("ekc_engine_bugs") == 0


async def test_after_a_crash_of_asterisk_every_call_has_its_outcome_and_the_next_is_served(
    stand: Stand,
) -> None:
    house = await full_house(stand)
    stand.kill_asterisk()
    await stand.until(lambda board: not board.is_connected)
    assert not (await stand.health()).is_healthy
    stand.start_asterisk()
    await stand.until(lambda board: board.is_connected and not board.calls)
    in_the_menu, waiting, ringing, talking = await outcomes(stand, *house.citizens)
    assert in_the_menu is waiting is ringing is CallOutcome.TECHNICAL_FAILURE
    assert talking is CallOutcome.ANSWERED
    assert "talk ivanova broken" in told(await stand.history(house.talking.number))
    for phone in (house.ivanova, house.orlov):
        await phone.unregister()
        await phone.register()
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await citizen.line.hang_up()
    assert await outcomes(stand, citizen) == [CallOutcome.ANSWERED]


async def test_after_a_crash_of_the_engine_every_call_goes_on_where_it_was(stand: Stand) -> None:
    house = await full_house(stand)
    second_in_line = await stand.call(FIRST_LINE)
    await stand.until_waiting(2, queue="first_line")
    stand.kill_engine()
    stand.start_engine()
    # The phone that rang still rings, for the same caller.
    assert len(house.orlov.offers) == 1
    assert not house.orlov.lines[-1].ended.is_set()
    # The talk goes on.
    await both_hear_each_other(house.talking, house.ivanova)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    # The menu is said again where he was, and takes his key.
    await stand.hears(house.in_the_menu.line, "greeting")
    await house.in_the_menu.line.press("1")
    await stand.until_waiting(3, queue="first_line")
    # Whoever waited longest comes first.
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await stand.until_agent("petrov", lambda each: each.activity is Activity.TALKING)
    await both_hear_each_other(house.waiting, petrov)
    for citizen in (*house.citizens, second_in_line):
        await citizen.line.hang_up()
    ended = await outcomes(stand, *house.citizens)
    assert ended[0] in {*GIVEN_UP, CallOutcome.ANSWERED}
    assert ended[1] is ended[3] is CallOutcome.ANSWERED
    assert await stand.metric("ekc_engine_bugs") == 0
    history = await stand.history(house.waiting.number)
    assert told(history)[:3] == ["ivr completed", "waiting completed", "offer petrov accepted"]


async def test_while_the_engine_is_exchanged_in_order_nobody_hears_silence(stand: Stand) -> None:
    in_the_menu = await stand.call(HOTLINE)
    await stand.hears(in_the_menu.line, "greeting")
    stand.stop_engine()
    # Prompts are over in two seconds; without an engine nobody begins the next.
    until = in_the_menu.line.heard_so_far.duration + timedelta(seconds=4)

    async def hears_on() -> bool:
        return in_the_menu.line.heard_so_far.duration > until

    await eventually(hears_on, what="four seconds of sound without an engine")
    stand.start_engine()
    moment = in_the_menu.line.heard_so_far.duration
    await in_the_menu.line.press("1")
    await stand.until_waiting(1, queue="first_line")
    await in_the_menu.line.hang_up()
    assert in_the_menu.line.heard_so_far.duration > moment


async def test_wrap_up_goes_on_over_a_crash_of_the_engine(stand: Stand) -> None:
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(UNHURRIED)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await citizen.line.hang_up()
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.WRAP_UP)
    stand.kill_engine()
    stand.start_engine()
    await stand.declare(ivanova, "*48")
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.IDLE)

    async def is_told() -> bool:
        return told(await stand.history(citizen.number))[-1] == "wrap_up ivanova finished_early"

    await eventually(is_told)
    assert (await stand.history(citizen.number)).summary.outcome is CallOutcome.ANSWERED


async def test_callers_who_hang_up_while_the_engine_is_away_leave_calls_with_an_outcome(
    stand: Stand,
) -> None:
    house = await full_house(stand)
    stand.kill_engine()
    for citizen in house.citizens:
        await citizen.line.hang_up()
        await happens(citizen.line.ended)
    stand.start_engine()
    histories = [await stand.history(each.number) for each in house.citizens]
    in_the_menu, *waiting, talking = (each.summary.outcome for each in histories)
    assert in_the_menu in {CallOutcome.SHORT, CallOutcome.ABANDONED_IN_MENU}
    assert set(waiting) <= GIVEN_UP
    assert talking is CallOutcome.ANSWERED
    last = [told(each)[-1] for each in histories]
    assert last[:2] == ["ivr abandoned", "waiting abandoned"]
    assert last[3].startswith(("talk ivanova caller_hung_up", "wrap_up ivanova"))
    # They ended when they hung up, not when the engine came back.
    for citizen, history in zip(house.citizens, histories, strict=True):
        assert history.summary.ended_at is not None, citizen.number
    assert await stand.metric("ekc_engine_bugs") == 0
