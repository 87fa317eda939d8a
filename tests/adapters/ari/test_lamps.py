"""What Asterisk is told for the lamps: the last state of each, slowly, and all after a connect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.lamps import (
    OVERLOADED_FROM,
    AgentNow,
    DeviceState,
    FloorNow,
    Lamps,
    floor_of,
    shown_agent,
)
from ekc_telephony.core.call.facts import (
    AgentChanged,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.plan import engine_plan
from ekc_telephony.settings.routing import acd_of
from lab.waiting import PATIENCE
from tests.adapters.ari.asterisk_rig import PROJECT
from tests.virtual_time import EPOCH

ANNA, OLEG = AgentId("anna"), AgentId("oleg")
FIRST = QueueId("first_line")
QUICK = timedelta(milliseconds=1)


class Asterisk:
    """Keeps device states and who is paused, and counts what it is told."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.paused: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        self.fails: int = 0
        """How many of the next requests end with a broken connection."""
        self.knows_states = True
        self.changed = asyncio.Condition()

    async def list(self, _request: web.Request) -> web.Response:
        if not self.knows_states:
            return web.json_response({"message": "Resource not found"}, status=404)
        states = [{"name": name, "state": state} for name, state in self.states.items()]
        return web.json_response(states)

    async def put(self, request: web.Request) -> web.Response:
        if self.fails:
            self.fails -= 1
            assert request.transport is not None
            request.transport.abort()
        name = request.match_info["name"]
        self.states[name] = request.query["deviceState"]
        return await self._note(name, self.states[name])

    async def set(self, request: web.Request) -> web.Response:
        self.paused[request.query["variable"]] = request.query["value"]
        return await self._note(request.query["variable"], request.query["value"])

    async def _note(self, name: str, value: str) -> web.Response:
        self.told.append((name, value))
        async with self.changed:
            self.changed.notify_all()
        return web.Response(status=204)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE.total_seconds()), self.changed:
            await self.changed.wait_for(is_so)

    def shows(self, name: str) -> str | None:
        return self.states.get(f"Stasis:ekc-{name}")


def agent(
    presence: Presence = Presence.READY,
    activity: Activity = Activity.IDLE,
    *,
    is_reachable: bool = True,
) -> AgentNow:
    return AgentNow(presence=presence, activity=activity, is_reachable=is_reachable)


def empty_floor() -> FloorNow:
    return FloorNow(agents={ANNA: agent()}, queues=(FIRST,), waiting={})


@asynccontextmanager
async def lit(
    asterisk: Asterisk,
    *,
    floor: Callable[[], FloorNow] = empty_floor,
    every: timedelta = QUICK,
    rest: timedelta = QUICK,
) -> AsyncIterator[Lamps]:
    application = web.Application()
    application.router.add_get("/ari/deviceStates", asterisk.list)
    application.router.add_put("/ari/deviceStates/{name}", asterisk.put)
    application.router.add_post("/ari/asterisk/variable", asterisk.set)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (address,) = runner.addresses
    access = AriAccess(url=f"http://127.0.0.1:{address[1]}/ari", user="ekc", password="x")
    client = AriClient(access)
    lamps = Lamps(client, floor=floor, every=every, rest=rest)
    async with client.opened():
        running = asyncio.create_task(lamps.run())
        try:
            lamps.relight()
            yield lamps
        finally:
            running.cancel()
            await runner.cleanup()


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(told())


def changed(
    who: AgentId,
    presence: Presence = Presence.READY,
    activity: Activity = Activity.IDLE,
    *,
    is_reachable: bool = True,
) -> AgentChanged:
    return AgentChanged(
        agent=who,
        at=EPOCH,
        presence=presence,
        reason=None,
        activity=activity,
        is_reachable=is_reachable,
        call=None,
    )


def began(call: str, queue: QueueId = FIRST) -> SegmentStarted:
    return SegmentStarted(
        call=CallId(call),
        sequence=2,
        at=EPOCH,
        segment=2,
        kind=SegmentKind.WAITING,
        queue=queue,
    )


def ended(call: str, queue: QueueId = FIRST) -> SegmentEnded:
    return SegmentEnded(
        call=CallId(call),
        sequence=3,
        at=EPOCH,
        segment=2,
        kind=SegmentKind.WAITING,
        started_at=EPOCH,
        outcome=SegmentOutcome.COMPLETED,
        queue=queue,
    )


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (agent(), DeviceState.FREE),
        (agent(activity=Activity.RESERVED), DeviceState.RINGING),
        (agent(activity=Activity.TALKING), DeviceState.IN_USE),
        (agent(Presence.NOT_READY, Activity.TALKING), DeviceState.IN_USE),
        (agent(activity=Activity.TALKING, is_reachable=False), DeviceState.IN_USE),
        (agent(activity=Activity.WRAP_UP), DeviceState.BUSY),
        (agent(activity=Activity.RESTING), DeviceState.BUSY),
        (agent(Presence.NOT_READY), DeviceState.ON_HOLD),
        (agent(Presence.NOT_READY, Activity.RESTING), DeviceState.ON_HOLD),
        (agent(Presence.SIGNED_OUT), DeviceState.UNAVAILABLE),
        (agent(is_reachable=False), DeviceState.UNAVAILABLE),
    ],
)
def test_what_an_agent_does_is_shown_before_what_he_declared(
    now: AgentNow, shown: DeviceState
) -> None:
    assert shown_agent(now) is shown


@given(
    presence=st.sampled_from(Presence),
    activity=st.sampled_from(Activity),
    is_reachable=st.booleans(),
)
def test_free_is_shown_of_those_alone_who_can_take_a_call(
    presence: Presence, activity: Activity, *, is_reachable: bool
) -> None:
    is_free = presence is Presence.READY and activity is Activity.IDLE and is_reachable
    shown = shown_agent(agent(presence, activity, is_reachable=is_reachable))
    assert (shown is DeviceState.FREE) is is_free


def test_after_a_connect_what_differs_is_told_and_nothing_else() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        asterisk.states = {
            "Stasis:ekc-agent-anna": "INUSE",
            "Stasis:ekc-away-anna": "UNAVAILABLE",
            "Stasis:of-somebody-else": "BUSY",
        }
        async with lit(asterisk):
            await asterisk.until(lambda: len(asterisk.told) == 3)
        assert sorted(asterisk.told) == [
            ("QUEUE_MEMBER(ekc-fallback,paused,PJSIP/anna)", "0"),
            ("Stasis:ekc-agent-anna", "NOT_INUSE"),
            ("Stasis:ekc-queue_first_line", "NOT_INUSE"),
        ]

    run(story)


def test_who_is_not_there_is_on_hold_for_desk_phones_and_left_out_of_the_first_fallback() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with lit(asterisk) as lamps:
            await asterisk.until(lambda: len(asterisk.told) == 4)
            lamps.record(changed(OLEG, Presence.SIGNED_OUT))
            await asterisk.until(lambda: len(asterisk.told) == 7)
        assert (asterisk.shows("agent-oleg"), asterisk.shows("away-oleg")) == (
            "UNAVAILABLE",
            "ONHOLD",
        )
        assert asterisk.paused == {
            "QUEUE_MEMBER(ekc-fallback,paused,PJSIP/anna)": "0",
            "QUEUE_MEMBER(ekc-fallback,paused,PJSIP/oleg)": "1",
        }

    run(story)


def test_a_phone_that_is_gone_does_not_pause_who_is_ready() -> None:
    """App_queue sees the phone by itself; it would not see it come back for one who is paused."""

    async def story() -> None:
        asterisk = Asterisk()
        async with lit(asterisk) as lamps:
            await asterisk.until(lambda: len(asterisk.told) == 4)
            lamps.record(changed(ANNA, is_reachable=False))
            await asterisk.until(lambda: asterisk.shows("away-anna") == "ONHOLD")
        assert set(asterisk.paused.values()) == {"0"}

    run(story)


def test_a_queue_is_lit_while_somebody_waits_and_flashes_when_it_is_overloaded() -> None:
    async def story() -> None:
        asterisk = Asterisk()

        async def shows(state: str) -> None:
            await asterisk.until(lambda: asterisk.shows("queue_first_line") == state)

        async with lit(asterisk) as lamps:
            await shows("NOT_INUSE")
            for number in range(OVERLOADED_FROM):
                lamps.record(began(f"ekc-{number}"))
                if number == 0:
                    await shows("INUSE")
            await shows("RINGING")
            lamps.record(ended("ekc-0"))
            await shows("INUSE")
            for number in range(1, OVERLOADED_FROM):
                lamps.record(ended(f"ekc-{number}"))
            await shows("NOT_INUSE")

    run(story)


def test_who_goes_on_in_another_queue_waits_in_that_one_alone() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        second = QueueId("pensions")
        async with lit(asterisk) as lamps:
            await asterisk.until(lambda: asterisk.shows("queue_first_line") == "NOT_INUSE")
            for fact in (began("ekc-1"), ended("ekc-1"), began("ekc-1", second)):
                lamps.record(fact)
            await asterisk.until(lambda: asterisk.shows("queue_pensions") == "INUSE")
            assert asterisk.shows("queue_first_line") == "NOT_INUSE"
            lamps.record(ended("ekc-1", second))
            await asterisk.until(lambda: asterisk.shows("queue_pensions") == "NOT_INUSE")

    run(story)


def test_callers_who_waited_already_when_the_engine_began_are_counted_once() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        floor = FloorNow(agents={}, queues=(FIRST,), waiting={CallId("ekc-1"): FIRST})
        async with lit(asterisk, floor=lambda: floor) as lamps:
            await asterisk.until(lambda: asterisk.shows("queue_first_line") == "INUSE")
            lamps.record(began("ekc-1"))  # told late
            lamps.record(ended("ekc-1"))
            await asterisk.until(lambda: asterisk.shows("queue_first_line") == "NOT_INUSE")

    run(story)


def test_what_was_overtaken_is_never_told() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with lit(asterisk) as lamps:
            await asterisk.until(lambda: len(asterisk.told) == 4)
            asterisk.told.clear()
            for _ in range(100):
                lamps.record(changed(ANNA, activity=Activity.RESERVED))
                lamps.record(changed(ANNA))
            lamps.record(changed(OLEG, activity=Activity.RESERVED))
            lamps.record(changed(OLEG, activity=Activity.TALKING))
            await asterisk.until(lambda: len(asterisk.told) == 3)
        assert [told for told in asterisk.told if "agent" in told[0]] == [
            ("Stasis:ekc-agent-oleg", "INUSE")
        ]

    run(story)


def test_a_lamp_rests_after_a_change_and_holds_up_no_other() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        rest = timedelta(seconds=0.4)
        async with lit(asterisk, rest=rest) as lamps:
            await asterisk.until(lambda: asterisk.shows("agent-anna") == "NOT_INUSE")
            loop = asyncio.get_running_loop()
            first = loop.time()
            lamps.record(changed(ANNA, activity=Activity.RESERVED))
            lamps.record(changed(OLEG))
            await asterisk.until(lambda: asterisk.shows("agent-oleg") == "NOT_INUSE")
            assert asterisk.shows("agent-anna") == "NOT_INUSE"
            await asterisk.until(lambda: asterisk.shows("agent-anna") == "RINGING")
            assert loop.time() - first > rest.total_seconds() / 2

    run(story)


def test_changes_are_told_no_faster_than_allowed() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        every = timedelta(seconds=0.02)
        async with lit(asterisk, every=every) as lamps:
            await asterisk.until(lambda: len(asterisk.told) == 4)
            loop = asyncio.get_running_loop()
            first = loop.time()
            for number in range(10):
                lamps.record(changed(AgentId(f"a{number}")))
            await asterisk.until(lambda: len(asterisk.told) == 34)
            assert loop.time() - first >= 28 * every.total_seconds()

    run(story)


def test_after_a_broken_connection_everything_is_compared_again() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        async with lit(asterisk) as lamps:
            await asterisk.until(lambda: len(asterisk.told) == 4)
            asterisk.fails = 1
            lamps.record(changed(ANNA, activity=Activity.TALKING))
            await asterisk.until(
                lambda: asterisk.told.count(("Stasis:ekc-agent-anna", "INUSE")) > 0
            )

    run(story)


def test_an_asterisk_that_knows_no_device_states_is_left_alone_until_the_next_connect() -> None:
    async def story() -> None:
        asterisk = Asterisk()
        asterisk.knows_states = False
        async with lit(asterisk) as lamps:
            lamps.record(changed(ANNA))
            await asyncio.sleep(0.1)
            assert not asterisk.told
            asterisk.knows_states = True
            lamps.relight()
            await asterisk.until(lambda: len(asterisk.told) == 4)

    run(story)


def test_the_floor_of_an_engine_names_all_its_agents_and_queues() -> None:
    settings = load_settings(PROJECT / "ekc.yaml")
    engine = Engine(engine_plan(settings, today=EPOCH.date()), acd_of(settings))
    floor = floor_of(engine)
    assert floor.agents.keys() == {AgentId(each.account) for each in settings.operators}
    assert set(floor.queues) == {QueueId(each.id) for each in settings.queues}
    assert floor.waiting == {}
