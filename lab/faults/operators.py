"""
Operators at their phones: they answer, refuse, let it ring, and talk as long as was planned.

Rule 1: a phone holds one call; a second one finds it busy (486), as the phones of a contact centre
are set up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from lab.faults.dialogs import IncomingCall, OutgoingCall
from lab.faults.plan import Citizen
from lab.faults.registration import Registration
from lab.faults.rtp import Ear, Pace, SoundPort, agent_tones, voice
from lab.faults.sightings import SeenOffer, Span
from lab.faults.sip import Address, Credentials, Ending, Message, SipSocket

PHONE_ADDRESS: Final = "127.0.0.1"
REGISTER_EVERY_S: Final = 5.0
_REFUSES: Final = 0.08
_IGNORES: Final = 0.05
_GRACE: Final = timedelta(seconds=15)
"""How long an operator stays when the caller, who meant to hang up, does not."""
_CODE_PATIENCE_S: Final = 12.0
_AFTER_UNKNOWN: Final = timedelta(seconds=8)
"""How long he talks with somebody who has no plan (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What all operators have in common."""

    node: Address
    plans: Mapping[str, Citizen]
    """Who is on the phone, by number."""
    moment: Callable[[float], datetime]
    """Turns the loop's clock into a moment."""
    ready_code: str
    on_seen: Callable[[SeenOffer], None]
    start: Callable[[Coroutine[None, None, None]], None]
    """Keeps a task."""


class Operator:
    """
    One operator.

    Args:
        account: His account.
        password: Its password.
        number: Which one he is: his voice depends on it.
        office: Where he works.
        pace: Makes his phone talk.
        seed: Of his moods.
    """

    def __init__(
        self, account: str, password: str, *, number: int, office: Office, pace: Pace, seed: int
    ) -> None:
        self.account = account
        self._office = office
        self._pace = pace
        self._chance = Random(f"{seed}-{account}")
        self._voice = voice(agent_tones(number))
        self._socket = SipSocket(office.node, on_invite=self._on_invite)
        self._credentials = Credentials(account=account, password=password)
        self._registration: Registration | None = None
        self._calls: list[IncomingCall] = []
        self._dialling: OutgoingCall | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def is_on_the_phone(self) -> bool:
        """Tell whether his phone rings, or he talks or dials."""
        return bool(self._calls) or self._dialling is not None

    @property
    def registered_at(self) -> float | None:
        """When the node last took his registration, by the loop's clock."""
        return None if self._registration is None else self._registration.registered_at

    async def run(self) -> None:
        """Stay registered until cancelled."""
        await self._socket.open(PHONE_ADDRESS)
        self._registration = Registration(self._socket, self._credentials)
        try:
            while True:
                self._registration.refresh()
                await asyncio.sleep(REGISTER_EVERY_S)
        finally:
            self._registration.stop()
            self._socket.close()

    def node_died(self) -> None:
        """Asterisk was killed: his call is over, his phone registers at the next try."""
        for call in list(self._calls):
            call.die()
        if self._dialling is not None:
            self._dialling.die()

    async def declare_ready(self) -> None:
        """Dial the code for «ready» and listen to the confirmation."""
        if self.is_on_the_phone:
            return
        port = await SoundPort.open(PHONE_ADDRESS, Ear(), voice=self._voice)
        call = self._dialling = OutgoingCall(
            self._socket,
            number=self.account,
            dialled=self._office.ready_code,
            hears_at=port.here,
            on_sound=lambda address: setattr(port, "there", address),
            credentials=self._credentials,
        )
        self._pace.add(port)
        try:
            async with asyncio.timeout(_CODE_PATIENCE_S):
                await call.ended.wait()
        except TimeoutError:
            call.hang_up()
        finally:
            self._dialling = None
            self._pace.remove(port)
            port.close()

    def _on_invite(self, invite: Message) -> None:
        call = IncomingCall(self._socket, invite)
        if self.is_on_the_phone:
            call.refuse()
            self._tell(call, Ear(), wanted=None, was_busy=True)
            return
        self._calls.append(call)
        self._office.start(self._attend(call))

    async def _attend(self, call: IncomingCall) -> None:
        ear = Ear()
        wanted: timedelta | None = None
        try:
            wanted = await self._react(call, ear)
        finally:
            self._calls.remove(call)
            ear.close(call.ended_at or self._loop.time())
            self._tell(call, ear, wanted=wanted, was_busy=False)

    async def _react(self, call: IncomingCall, ear: Ear) -> timedelta | None:
        mood = self._chance.random()
        hesitation = self._chance.uniform(1.0, 3.0)
        if mood < _IGNORES:
            await call.ended.wait()
            return None
        if await _is_over_within(call, hesitation):
            return None
        if mood < _IGNORES + _REFUSES:
            call.refuse()
            return None
        return await self._talk(call, ear)

    async def _talk(self, call: IncomingCall, ear: Ear) -> timedelta | None:
        """Pick up and talk; return when he meant to hang up."""
        port = await SoundPort.open(PHONE_ADDRESS, ear, voice=self._voice)
        port.there = call.invite.sound_address
        call.answer(port.here)
        ear.open(self._loop.time())
        self._pace.add(port)
        plan = self._office.plans.get(call.number)
        agent_ends = plan is None or plan.agent_ends
        talk = _AFTER_UNKNOWN if plan is None else plan.talk
        try:
            if not await _is_over_within(
                call, (talk if agent_ends else talk + _GRACE).total_seconds()
            ):
                call.say_goodbye()
        finally:
            self._pace.remove(port)
            port.close()
        return talk if agent_ends else None

    def _tell(
        self, call: IncomingCall, ear: Ear, *, wanted: timedelta | None, was_busy: bool
    ) -> None:
        moment = self._office.moment
        ended_at = call.ended_at or self._loop.time()
        self._office.on_seen(
            SeenOffer(
                agent=self.account,
                number=call.number,
                rang_at=moment(call.rang_at),
                established_at=None if call.established_at is None else moment(call.established_at),
                ended_at=moment(ended_at),
                ending=call.ending or Ending.DEAD,
                wanted=wanted,
                gaps=tuple(
                    Span(began=moment(each.began), ended=moment(each.ended)) for each in ear.gaps
                ),
                was_busy=was_busy,
            )
        )


async def _is_over_within(call: IncomingCall, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await call.ended.wait()
    except TimeoutError:
        return False
    return True
