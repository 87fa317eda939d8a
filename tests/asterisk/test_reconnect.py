"""The event socket is cut, Asterisk dies, the engine dies: what becomes of calls in every phase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.phones.voice import whistle
from lab.stand import Citizen, Stand, eventually, happens, told
from lab.story_site import FIRST_LINE, HOTLINE, PENSIONS

AT_ONCE = timedelta()
LONG = timedelta(seconds=15)
GIVEN_UP = {CallOutcome.SHORT, CallOutcome.ABANDONED_IN_QUEUE}
"""By the time it took: `SHORT_CALL` is five seconds."""


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
    assert await line.hear(whistle(), patience=LONG)
    assert await citizen.line.hear(whistle(), patience=LONG)
    assert line.heard_so_far.duration > moment


async def outcomes(stand: Stand, *citizens: Citizen) -> list[CallOutcome]:
    return [await stand.outcome_of(each.number, within=LONG) for each in citizens]


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
    assert (await outcomes(stand, *house.citizens))[3] is CallOutcome.ANSWERED
    for phone in (house.ivanova, house.orlov):
        await phone.unregister()
        await phone.register()
    await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    await citizen.line.hang_up()
    assert await outcomes(stand, citizen) == [CallOutcome.ANSWERED]


async def test_after_a_crash_of_the_engine_talks_go_on_and_waiting_callers_are_served(
    stand: Stand,
) -> None:
    house = await full_house(stand)
    stand.kill_engine()
    stand.start_engine()
    await both_hear_each_other(house.talking, house.ivanova)
    await stand.until_agent("ivanova", lambda each: each.activity is Activity.TALKING)
    petrov = await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await happens(house.waiting.line.established)
    await stand.until_agent("petrov", lambda each: each.activity is Activity.TALKING, within=LONG)
    await both_hear_each_other(house.waiting, petrov)
    for citizen in house.citizens:
        await citizen.line.hang_up()
    ended = await outcomes(stand, *house.citizens)
    assert ended[0] is CallOutcome.SHORT
    assert ended[1] is ended[3] is CallOutcome.ANSWERED
    assert ended[2] in GIVEN_UP
    await stand.declare(house.ivanova, "*48")


async def test_callers_who_hang_up_while_the_engine_is_away_leave_calls_with_an_outcome(
    stand: Stand,
) -> None:
    house = await full_house(stand)
    stand.kill_engine()
    for citizen in house.citizens:
        await citizen.line.hang_up()
        await happens(citizen.line.ended)
    stand.start_engine()
    histories = [await stand.history(each.number, within=LONG) for each in house.citizens]
    assert [each.summary.outcome for each in histories] == [
        CallOutcome.TECHNICAL_FAILURE,
        CallOutcome.TECHNICAL_FAILURE,
        CallOutcome.TECHNICAL_FAILURE,
        CallOutcome.ANSWERED,
    ]
    assert [told(each)[-1] for each in histories] == [
        "ivr broken",
        "waiting broken",
        "offer orlov broken",
        "talk ivanova broken",
    ]
    assert await stand.metric("ekc_engine_bugs") == 0
