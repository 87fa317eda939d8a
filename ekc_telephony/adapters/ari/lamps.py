"""
Tells Asterisk how operators and queues are: for lamps on desk phones, and for the fallback.

The lamps are device states (`Stasis:ekc-...`) that the hints of `dialplan/hints.conf.j2` show to
whoever subscribes. For the fallback, which serves callers while the engine is away, whoever is not
ready is paused in the queue `ekc-fallback`; he stays paused when the engine dies.

Facts say what has changed; a task of its own tells it, slowly, since one change of a lamp is one
SIP message to every phone that shows it. What was overtaken meanwhile is never told.

Rule 1: nothing here waits on the path of a call: `record` notes, `run` tells, over the pool of
HTTP, since Asterisk writes each state into its database.
Rule 2: after every connect Asterisk is asked what it shows, and whatever differs is told.
Rule 3: a lamp changes at most once in `REST`, and all of them together at most `1 / EVERY` times a
second; only the first time after a connect goes faster.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final, TypeAlias

import msgspec
import structlog

from ekc_telephony.adapters.ari.client import AriClient, AriDownError, AriRefusedError
from ekc_telephony.core.call.facts import (
    AgentChanged,
    Fact,
    SegmentEnded,
    SegmentKind,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.state import Phase
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId

EVERY: Final = timedelta(seconds=0.05)
"""Between two changes; with 100 subscribers each is 100 SIP messages, 0.2 ms of processor each."""
EVERY_AT_FIRST: Final = timedelta(seconds=0.005)
"""The same right after a connect, when 2,000 operators may have to be told."""
REST: Final = timedelta(seconds=1)
"""How long a lamp stays as it is: a person does not read a faster one."""
OVERLOADED_FROM: Final = 10
"""So many callers wait in a queue that is overloaded, when its configuration does not say."""
RETRY_EVERY: Final = timedelta(seconds=1)
FALLBACK_QUEUE: Final = "ekc-fallback"
"""In queues.conf: whoever is not paused there had declared himself ready."""
_PREFIX: Final = "Stasis:ekc-"

_log = structlog.get_logger(__name__)


class DeviceState(Enum):
    """A state of a device, in Asterisk's words; what phones show is in docs/operations/lamps.md."""

    FREE = "NOT_INUSE"
    RINGING = "RINGING"
    IN_USE = "INUSE"
    BUSY = "BUSY"
    ON_HOLD = "ONHOLD"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentNow:
    """As much of an agent as is shown."""

    presence: Presence
    activity: Activity
    is_reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorNow:
    """All that is shown, at one moment."""

    agents: Mapping[AgentId, AgentNow]
    queues: Iterable[QueueId]
    waiting: Mapping[CallId, QueueId]


@dataclass(frozen=True, slots=True)
class _Lamp:
    """A device state; `name` follows `_PREFIX`."""

    name: str


@dataclass(frozen=True, slots=True)
class _Pause:
    """Whether the fallback leaves an agent out at first."""

    agent: AgentId


_Topic: TypeAlias = _Lamp | _Pause
_Shown: TypeAlias = DeviceState | bool


def floor_of(engine: Engine) -> FloorNow:
    """Return what is to be shown of an engine."""
    return FloorNow(
        agents={
            agent.agent_id: AgentNow(
                presence=agent.presence, activity=agent.activity, is_reachable=agent.is_reachable
            )
            for agent in engine.acd.agents.values()
        },
        queues=tuple(engine.acd.queues),
        waiting={
            call: session.queue
            for call, session in engine.sessions.items()
            if session.phase is Phase.WAITING and session.queue is not None
        },
    )


def shown_agent(agent: AgentNow) -> DeviceState:
    """Return what is shown of an agent; what he does counts before what he declared."""
    match agent.activity:
        case Activity.TALKING:
            return DeviceState.IN_USE
        case Activity.RESERVED:
            return DeviceState.RINGING
        case Activity.WRAP_UP:
            return DeviceState.BUSY
        case Activity.IDLE | Activity.RESTING:
            pass
    if agent.presence is Presence.SIGNED_OUT or not agent.is_reachable:
        return DeviceState.UNAVAILABLE
    if agent.presence is Presence.NOT_READY:
        return DeviceState.ON_HOLD
    return DeviceState.BUSY if agent.activity is Activity.RESTING else DeviceState.FREE


def shown_queue(waiting: int, *, overloaded_from: int) -> DeviceState:
    """Return what is shown of a queue: dark, steady, or flashing when it is overloaded."""
    if waiting >= overloaded_from:
        return DeviceState.RINGING
    return DeviceState.IN_USE if waiting else DeviceState.FREE


class Lamps:
    """
    Keeps the lamps of one Asterisk true (a `FactSink`).

    Args:
        client: Asks Asterisk; its pool is open while there is a link.
        floor: Reads how everything is; asked after every connect.
        overloaded_from: How many callers wait in a queue that is overloaded.
        every: Between two changes.
        rest: How long a lamp stays as it is.
    """

    def __init__(
        self,
        client: AriClient,
        *,
        floor: Callable[[], FloorNow],
        overloaded_from: Mapping[QueueId, int] | None = None,
        every: timedelta = EVERY,
        rest: timedelta = REST,
    ) -> None:
        self._client = client
        self._floor = floor
        self._overloaded_from = overloaded_from or {}
        self._every = every
        self._rest_s = rest.total_seconds()
        self._waiting: dict[CallId, QueueId] = {}
        self._lengths: Counter[QueueId] = Counter()
        self._wanted: dict[_Topic, _Shown] = {}
        self._told: dict[_Topic, _Shown] = {}
        self._due: dict[_Topic, None] = {}
        self._rests_until: dict[_Topic, float] = {}
        self._is_stale = False
        self._something = asyncio.Event()
        self.told = 0
        """Changes told so far."""

    def record(self, fact: Fact) -> None:
        """Take note of the fact."""
        match fact:
            case AgentChanged(agent=agent):
                self._want_agent(
                    agent,
                    AgentNow(
                        presence=fact.presence,
                        activity=fact.activity,
                        is_reachable=fact.is_reachable,
                    ),
                )
            case SegmentStarted(kind=SegmentKind.WAITING, call=call, queue=str() as queue):
                self._move(call, queue)
            case SegmentEnded(kind=SegmentKind.WAITING, call=call, queue=str() as queue):
                if self._waiting.get(call) == queue:
                    self._move(call, None)
            case _:
                pass

    def relight(self) -> None:
        """Compare everything with what Asterisk shows: the connection is new."""
        self._is_stale = True
        self._something.set()

    async def run(self) -> None:
        """Tell what changes, for ever; cancel to stop."""
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                if self._is_stale:
                    await self._compare()
                    await self._tell_due(EVERY_AT_FIRST)
                while self._due and not self._is_stale:
                    await self._tell_due(self._every)
            except AriDownError:
                # What was told last may not have arrived. The link says what is wrong.
                self.relight()
                await asyncio.sleep(RETRY_EVERY.total_seconds())
            except AriRefusedError as refusal:
                # It can be told nothing until it is another Asterisk, which is a new connection.
                self._is_stale = False
                self._due.clear()
                _log.warning(
                    "Asterisk has no device states: lamps stay dark. Render its configuration "
                    "again (`ekc conf render`) and restart it when no calls go on",
                    reason=refusal.reason,
                )

    async def _compare(self) -> None:
        text = await self._client.ask_apart("GET", "deviceStates", {})
        # From here on facts tell the rest.
        self._is_stale = False
        self._told = _decode_states(text or "[]")
        self._wanted.clear()
        self._due.clear()
        self._rests_until.clear()
        floor = self._floor()
        self._waiting = dict(floor.waiting)
        self._lengths = Counter(floor.waiting.values())
        for queue in floor.queues:
            self._want_queue(queue)
        for agent, now in floor.agents.items():
            self._want_agent(agent, now)

    async def _tell_due(self, every: timedelta) -> None:
        for _ in range(len(self._due)):
            topic = self._next_topic()
            if topic is not None:
                await self._tell(topic)
            await asyncio.sleep(every.total_seconds())

    def _next_topic(self) -> _Topic | None:
        """Take the one that has been due longest and need not rest."""
        now = asyncio.get_running_loop().time()
        topic = next((each for each in self._due if self._rests_until.get(each, 0) <= now), None)
        if topic is not None:
            del self._due[topic]
        return topic

    async def _tell(self, topic: _Topic) -> None:
        shown = self._wanted[topic]
        if self._told.get(topic) == shown:
            return
        self._told[topic] = shown
        now = asyncio.get_running_loop().time()
        self._rests_until[topic] = now + self._rest_s
        try:
            await self._client.ask_apart(*_request(topic, shown))
        except AriRefusedError as refusal:
            _log.warning("lamp refused", topic=str(topic), reason=refusal.reason)
        self.told += 1

    def _want_agent(self, agent: AgentId, now: AgentNow) -> None:
        shown = shown_agent(now)
        is_there = shown is not DeviceState.UNAVAILABLE
        away = DeviceState.UNAVAILABLE if is_there else DeviceState.ON_HOLD
        self._want(_Lamp(f"agent-{agent}"), shown)
        self._want(_Lamp(f"away-{agent}"), away)
        self._want(_Pause(agent), now.presence is not Presence.READY)

    def _move(self, call: CallId, queue: QueueId | None) -> None:
        """Let a caller wait in a queue, or in none."""
        before = self._waiting.pop(call, None)
        if before is not None:
            self._lengths[before] -= 1
            self._want_queue(before)
        if queue is not None:
            self._waiting[call] = queue
            self._lengths[queue] += 1
            self._want_queue(queue)

    def _want_queue(self, queue: QueueId) -> None:
        overloaded_from = self._overloaded_from.get(queue, OVERLOADED_FROM)
        shown = shown_queue(self._lengths[queue], overloaded_from=overloaded_from)
        self._want(_Lamp(f"queue_{queue}"), shown)

    def _want(self, topic: _Topic, shown: _Shown) -> None:
        self._wanted[topic] = shown
        if self._told.get(topic) != shown:
            self._due.setdefault(topic)
            self._something.set()


def _request(topic: _Topic, shown: _Shown) -> tuple[str, str, dict[str, str]]:
    """Return method, path and parameters."""
    match topic, shown:
        case _Lamp(name), DeviceState():
            return "PUT", f"deviceStates/{_PREFIX}{name}", {"deviceState": shown.value}
        case _Pause(agent), bool():
            variable = f"QUEUE_MEMBER({FALLBACK_QUEUE},paused,PJSIP/{agent})"
            return (
                "POST",
                "asterisk/variable",
                {"variable": variable, "value": str(int(shown))},
            )
        case _:
            raise AssertionError(topic, shown)


class _Listed(msgspec.Struct):
    name: str
    state: str


def _decode_states(text: str) -> dict[_Topic, _Shown]:
    known = {state.value: state for state in DeviceState}
    return {
        _Lamp(each.name.removeprefix(_PREFIX)): known[each.state]
        for each in msgspec.json.decode(text, type=list[_Listed])
        if each.name.startswith(_PREFIX) and each.state in known
    }
