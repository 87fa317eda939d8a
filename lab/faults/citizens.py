"""
Citizens at their phones: as many as wanted at once, each living his plan, each seen to the end.

Rule 1: what becomes of a citizen is told once, when he is gone and the node has had time to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from lab.faults.dialogs import OutgoingCall
from lab.faults.plan import CALLBACK_KEY, Citizen, citizens, poisoned
from lab.faults.rtp import CALLER_HZ, Ear, Pace, Recogniser, SoundPort, Stretch, voice
from lab.faults.sightings import HeardTalk, SeenCall, Span
from lab.faults.sip import GIVE_UP_S, Address, Ending, SipSocket

TRUNK_ADDRESS: Final = "127.0.0.2"
"""What the sample configuration takes for the city's trunk."""
_BETWEEN_CALLS_S: Final = 0.15
_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What all citizens have in common."""

    node: Address
    did: str
    accounts: Sequence[str]
    """The operators, in the order of their tones."""
    moment: Callable[[float], datetime]
    """Turns the loop's clock into a moment."""


class Citizens:
    """
    Keep so many citizens on the phone.

    Args:
        town: What they have in common.
        seed: Of their plans.
        pace: Makes their phones talk.
        on_seen: Takes what each of them saw.
    """

    def __init__(
        self, town: Town, *, seed: int, pace: Pace, on_seen: Callable[[SeenCall], None]
    ) -> None:
        self._town = town
        self._plans: Iterator[Citizen] = citizens(seed)
        self._pace = pace
        self._on_seen = on_seen
        self._socket = SipSocket(town.node)
        self._recogniser = Recogniser(len(town.accounts))
        self._voice = voice(CALLER_HZ)
        self._calls: dict[str, _Visit] = {}
        self._wanted = 0
        self._is_poison_due = False
        self.met: dict[str, Citizen] = {}
        """Everybody on the phone, by number: operators look up how long they talk."""
        self.placed = 0

    @property
    def present(self) -> int:
        """How many are on the phone."""
        return len(self._calls)

    @property
    def talking(self) -> int:
        """How many hear an operator."""
        return sum(each.is_talking for each in self._calls.values())

    async def run(self, population: int) -> None:
        """Let citizens call, one for each that leaves, until `close` or cancelled."""
        self._wanted = population
        await self._socket.open(TRUNK_ADDRESS)
        async with asyncio.TaskGroup() as tasks:
            for _ in count():
                if self._wanted == 0 and not self._calls:
                    break
                if self.present < self._wanted:
                    self._let_one_call(tasks)
                await asyncio.sleep(_BETWEEN_CALLS_S)
        self._socket.close()

    def close(self) -> None:
        """Let nobody call any more; who is on the phone lives his plan."""
        self._wanted = 0

    def hang_up_all(self) -> None:
        """Let everybody hang up."""
        for visit in self._calls.values():
            visit.leave()

    def poison(self) -> None:
        """Let the next citizen press the key that makes the engine raise."""
        self._is_poison_due = True

    def node_died(self) -> None:
        """Asterisk was killed: every call that had reached it is over."""
        for visit in list(self._calls.values()):
            visit.node_died()

    def _let_one_call(self, tasks: asyncio.TaskGroup) -> None:
        citizen = next(self._plans)
        if self._is_poison_due:
            self._is_poison_due = False
            citizen = poisoned(citizen)
        self.placed += 1
        visit = _Visit(
            citizen,
            town=self._town,
            socket=self._socket,
            ear=Ear(self._recogniser),
            pace=self._pace,
        )
        self._calls[citizen.number] = visit
        self.met[citizen.number] = citizen
        tasks.create_task(self._see_off(visit, self._voice))

    async def _see_off(self, visit: _Visit, words: bytes) -> None:
        try:
            seen = await visit.live(words)
        finally:
            self._calls.pop(visit.citizen.number, None)
            self.met.pop(visit.citizen.number, None)
        self._on_seen(seen)


class _Visit:
    """
    One citizen's call.

    Args:
        citizen: What he means to do.
        town: Where.
        socket: The trunk.
        ear: What he hears with.
        pace: Makes his phone talk.
    """

    def __init__(
        self, citizen: Citizen, *, town: Town, socket: SipSocket, ear: Ear, pace: Pace
    ) -> None:
        self.citizen = citizen
        self._town = town
        self._socket = socket
        self._ear = ear
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._call: OutgoingCall | None = None
        self._port: SoundPort | None = None
        self._pressed_at: float | None = None
        self._asked_again = False

    @property
    def is_talking(self) -> bool:
        """Tell whether an operator talks to him now."""
        agents = self._ear.agents
        return bool(agents) and self._loop.time() - agents[-1].stretch.ended < _AGAIN_S

    def leave(self) -> None:
        """Hang up now."""
        if self._call is not None:
            self._call.hang_up()

    def node_died(self) -> None:
        """End, unless the INVITE has not been heard of yet: then it is sent on."""
        if self._call is not None and self._call.first_answer_at is not None:
            self._call.die()

    async def live(self, words: bytes) -> SeenCall:
        """Call, do what was planned, and return what was seen."""
        port = self._port = await SoundPort.open(TRUNK_ADDRESS, self._ear, voice=words)
        call = self._call = OutgoingCall(
            self._socket,
            number=self.citizen.number,
            dialled=self._town.did,
            hears_at=port.here,
            on_sound=lambda address: setattr(port, "there", address),
        )
        acting = asyncio.create_task(self._act(call, port))
        try:
            await call.ended.wait()
        finally:
            acting.cancel()
            self._pace.remove(port)
            self._ear.close(call.ended_at or self._loop.time())
        await self._until_confirmed(call)
        port.close()
        return self._seen(call)

    async def _act(self, call: OutgoingCall, port: SoundPort) -> None:
        await call.answered.wait()
        if call.established_at is None:
            return
        self._ear.open(call.established_at)
        self._pace.add(port)
        answered_at = call.established_at
        plan = self.citizen
        async with asyncio.TaskGroup() as tasks:
            if plan.key is not None:
                tasks.create_task(self._press(port, plan.key, answered_at))
            if plan.presses_again_after is not None:
                tasks.create_task(self._ask_again(port, answered_at, plan.presses_again_after))
            leave_at = answered_at + plan.leaves_after.total_seconds()
            try:
                async with asyncio.timeout_at(leave_at):
                    await self._ear.heard_agent.wait()
            except TimeoutError:
                call.hang_up()
                return
            # The operator hangs up; if he does not (his fault or ours) the citizen does, later.
            grace = timedelta(seconds=20) if plan.agent_ends else timedelta()
            await asyncio.sleep((plan.talk + grace).total_seconds())
            call.hang_up()

    async def _press(self, port: SoundPort, key: str, answered_at: float) -> None:
        await self._sleep_until(answered_at + self.citizen.presses_after.total_seconds())
        port.press(key)
        self._pressed_at = self._loop.time()

    async def _ask_again(self, port: SoundPort, answered_at: float, after: timedelta) -> None:
        await self._sleep_until(answered_at + after.total_seconds())
        if not self._ear.heard_agent.is_set():
            port.press(CALLBACK_KEY)
            self._asked_again = True

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._loop.time()))

    async def _until_confirmed(self, call: OutgoingCall) -> None:
        """Wait until the node has answered the goodbye: a frozen one takes its time."""
        if call.ending not in {Ending.US, Ending.WITHDRAWN}:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_UP_S):
                await call.confirmed.wait()

    def _seen(self, call: OutgoingCall) -> SeenCall:
        moment = self._town.moment

        def maybe(at: float | None) -> datetime | None:
            return None if at is None else moment(at)

        def span(stretch: Stretch) -> Span:
            return Span(began=moment(stretch.began), ended=moment(stretch.ended))

        assert call.ended_at is not None
        assert call.ending is not None
        ear = self._ear
        return SeenCall(
            number=self.citizen.number,
            invited_at=moment(call.invited_at),
            first_answer_at=maybe(call.first_answer_at),
            answered_at=maybe(call.established_at),
            status=call.status,
            ended_at=moment(call.ended_at),
            end_confirmed_at=maybe(call.end_confirmed_at),
            ending=call.ending,
            key=self.citizen.key if self._pressed_at is not None else None,
            pressed_at=maybe(self._pressed_at),
            talks=tuple(
                HeardTalk(agent=self._town.accounts[each.agent], span=span(each.stretch))
                for each in ear.agents
            ),
            gaps=tuple(span(each) for each in ear.gaps),
            heard_fallback=ear.heard_fallback,
            asked_for_callback=self._asked_again,
            is_poison=self.citizen.is_poison,
        )
