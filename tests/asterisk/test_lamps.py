"""A phone that subscribes sees how operators and queues are, and the fallback heeds it as well."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from typing import Final, cast
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from typing_extensions import override

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.lamps import AgentNow, FloorNow, Lamps
from ekc_telephony.core.call.facts import (
    AgentChanged,
    SegmentEnded,
    SegmentKind,
    SegmentOutcome,
    SegmentStarted,
)
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.kernel.ids import AgentId, CallId, QueueId
from lab.phones.operator import Answer, Ignore, OperatorPhone
from lab.phones.trunk import Address
from lab.ports import PortBlock
from lab.stand import Stand, reacting, stand_without_engine
from lab.story_site import FIRST_LINE, without_the_fixed, write_story_site
from lab.waiting import PATIENCE, eventually
from tests.virtual_time import EPOCH

IVANOVA, PETROV = AgentId("ivanova"), AgentId("petrov")
QUEUE: Final = QueueId("first_line")
DIALOG: Final = ("dialog", "application/dialog-info+xml")
PRESENCE: Final = ("presence", "application/pidf+xml")
NO_REST: Final = timedelta()
_NAMES: Final = {
    "dialog": "urn:ietf:params:xml:ns:dialog-info",
    "pidf": "urn:ietf:params:xml:ns:pidf",
}


class Key(asyncio.DatagramProtocol):
    """One key with a lamp on a desk phone: subscribes, and shows what it is notified of."""

    def __init__(self, node: Address, *, account: str, password: str, wants: str) -> None:
        self.account = account
        self.package, self.kind = DIALOG
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.bodies: list[str] = []
        self._node = node
        self._password = password
        self._target = f"sip:{wants}@{node[0]}:{node[1]}"
        self.call = uuid4().hex
        self._sequence = 0
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def shows(self) -> str:
        """What the newest notification says, in short."""
        return _read(self.bodies[-1]) if self.bodies else ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the class that its type promises.
        self._transport = cast(asyncio.DatagramTransport, transport)

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        head, _, body = data.decode().partition("\r\n\r\n")
        if head.startswith("NOTIFY "):
            self._acknowledge(head, addr)
            if body:
                self.bodies.append(body)
        elif head.startswith("SIP/2.0 401") and self._sequence == 1:
            self.subscribe(self._proof(head))
        elif head.startswith("SIP/2.0") and not self.status.done():
            self.status.set_result(int(head.split()[1]))

    def subscribe(self, *headers: str) -> None:
        """Send the SUBSCRIBE."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")
        self._sequence += 1
        lines = [
            f"SUBSCRIBE {self._target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{uuid4().hex};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.account}@{self._node[0]}>;tag=key",
            f"To: <{self._target}>",
            f"Call-ID: {self.call}",
            f"CSeq: {self._sequence} SUBSCRIBE",
            f"Contact: <sip:{self.account}@{host}:{port}>",
            f"Event: {self.package}",
            f"Accept: {self.kind}",
            "Expires: 600",
            *headers,
            "Content-Length: 0",
            "",
            "",
        ]
        self._transport.sendto("\r\n".join(lines).encode(), self._node)

    def _acknowledge(self, request: str, addr: Address) -> None:
        kept = [
            line
            for line in request.split("\r\n")
            if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))
        ]
        assert self._transport is not None
        text = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        self._transport.sendto(text.encode(), addr)

    def _proof(self, challenge: str) -> str:
        realm, nonce = re.findall(r'(?:realm|nonce)="([^"]*)"', challenge)
        secret = _md5(f"{self.account}:{realm}:{self._password}")
        proof = _md5(f"{secret}:{nonce}:1:key:auth:{_md5(f'SUBSCRIBE:{self._target}')}")
        header = (
            f'Authorization: Digest username="{self.account}", realm="{realm}", nonce="{nonce}", '
            f'uri="{self._target}", algorithm=MD5, qop=auth, nc=1, cnonce="key", '
            f'response="{proof}"'
        )
        opaque = re.search(r'opaque="([^"]*)"', challenge)
        return header + (f', opaque="{opaque[1]}"' if opaque else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _read(body: str) -> str:
    """Return what a body says: «confirmed», «confirmed, on hold», «closed, Unavailable»."""
    tree = ET.fromstring(body)
    if tree.tag.endswith("dialog-info"):
        state = tree.findtext("dialog:dialog/dialog:state", namespaces=_NAMES)
        return f"{state}, on hold" if "+sip.rendering" in body else str(state)
    basic = tree.findtext("pidf:tuple/pidf:status/pidf:basic", namespaces=_NAMES)
    note = tree.findtext("pidf:note", namespaces=_NAMES)
    return f"{basic}, {note}"


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run Asterisk and phones; a test starts the engine if it needs it."""
    folder = tmp_path_factory.mktemp("lamps")
    config = write_story_site(folder, ports=PortBlock.find_free(), change=without_the_fixed)
    with stand_without_engine(config) as stand:
        yield stand


@pytest.fixture
def stand(module_stand: Stand) -> Iterator[Stand]:
    """Lend the module's Asterisk to one test; afterwards nobody calls, is registered or paused."""
    yield module_stand
    module_stand.run(clear(module_stand))


async def clear(stand: Stand) -> None:
    await stand.send_home()
    for queue in ("ekc-fallback", "ekc-fallback-everybody"):
        stand.asterisk.command(f"queue reset stats {queue}")
    for operator in stand.settings.operators:
        stand.asterisk.command(f"queue unpause member PJSIP/{operator.account} queue ekc-fallback")
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 30")


@asynccontextmanager
async def key(
    stand: Stand,
    wants: str,
    *,
    package: tuple[str, str] = DIALOG,
    account: str = "petrov",
    address: str = "127.0.0.1",
) -> AsyncIterator[Key]:
    """Subscribe; yield when it was accepted or refused."""
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(
        lambda: Key(
            stand.sip,
            account=account,
            password=stand.password_of(account),
            wants=wants,
        ),
        local_addr=(address, 0),
    )
    try:
        made.package, made.kind = package
        made.subscribe()
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await made.status
        yield made
    finally:
        transport.close()


async def until(lamp: Key, shows: str) -> None:
    async def look() -> bool:
        return lamp.shows == shows

    await eventually(look, what=f"{shows}; the key shows {lamp.bodies[-1:]}")


@asynccontextmanager
async def lit(stand: Stand, floor: FloorNow) -> AsyncIterator[Lamps]:
    """Tell of a floor as the engine does, without the engine."""
    ari = stand.settings.asterisk.ari
    access = AriAccess(
        url=f"http://{ari.bind}:{ari.port}/ari", user="ekc", password=stand._secrets.ari
    )
    client = AriClient(access)
    lamps = Lamps(client, floor=lambda: floor, rest=NO_REST)
    async with client.opened():
        running = asyncio.create_task(lamps.run())
        try:
            lamps.relight()
            yield lamps
        finally:
            running.cancel()
            await asyncio.wait({running})


def floor(**presences: Presence) -> FloorNow:
    return FloorNow(
        agents={
            AgentId(account): AgentNow(presence=presence, activity=Activity.IDLE, is_reachable=True)
            for account, presence in presences.items()
        },
        queues=(QUEUE,),
        waiting={},
    )


def ivanova_is(presence: Presence, activity: Activity = Activity.IDLE) -> AgentChanged:
    return AgentChanged(
        agent=IVANOVA,
        at=EPOCH,
        presence=presence,
        reason=None,
        activity=activity,
        is_reachable=True,
        call=None,
    )


async def is_paused(stand: Stand, account: str) -> None:
    async def look() -> bool:
        shown = stand.asterisk.command("queue show ekc-fallback")
        return any(f"PJSIP/{account} " in line and "paused" in line for line in shown.splitlines())

    await eventually(look, what=f"{account} paused")


async def talks(phone: OperatorPhone) -> bool:
    return any(line.established.is_set() for line in phone.lines)


async def test_five_states_of_an_operator_look_different_to_a_soft_phone_and_four_to_a_desk_phone(
    stand: Stand,
) -> None:
    async with (
        lit(stand, floor(ivanova=Presence.READY)) as lamps,
        key(stand, "ivanova") as desk,
        key(stand, "presence_ivanova", package=PRESENCE) as soft,
    ):
        await until(desk, "terminated")
        await until(soft, "open, Ready")
        for fact, on_desk, on_soft in (
            (ivanova_is(Presence.READY, Activity.RESERVED), "early", "open, Ringing"),
            (ivanova_is(Presence.READY, Activity.TALKING), "confirmed", "open, On the phone"),
            (ivanova_is(Presence.NOT_READY), "confirmed, on hold", "open, On hold"),
            (ivanova_is(Presence.READY, Activity.WRAP_UP), "confirmed", "open, On the phone"),
            (ivanova_is(Presence.SIGNED_OUT), "confirmed, on hold", "closed, Unavailable"),
            (ivanova_is(Presence.READY), "terminated", "open, Ready"),
        ):
            lamps.record(fact)
            await until(soft, on_soft)
            await until(desk, on_desk)


async def test_the_lamp_of_a_queue_is_lit_while_somebody_waits(stand: Stand) -> None:
    async with lit(stand, floor()) as lamps, key(stand, f"queue_{QUEUE}") as lamp:
        await until(lamp, "terminated")
        lamps.record(
            SegmentStarted(
                call=CallId("ekc-1.1"),
                sequence=2,
                at=EPOCH,
                segment=1,
                kind=SegmentKind.WAITING,
                queue=QUEUE,
            )
        )
        await until(lamp, "confirmed")
        lamps.record(
            SegmentEnded(
                call=CallId("ekc-1.1"),
                sequence=3,
                at=EPOCH,
                segment=1,
                kind=SegmentKind.WAITING,
                started_at=EPOCH,
                outcome=SegmentOutcome.COMPLETED,
                queue=QUEUE,
            )
        )
        await until(lamp, "terminated")


async def test_lamps_and_who_looks_at_them_outlive_a_crash_of_asterisk(stand: Stand) -> None:
    async with (
        lit(stand, floor(ivanova=Presence.NOT_READY)) as lamps,
        key(stand, "ivanova") as lamp,
    ):
        await until(lamp, "confirmed, on hold")
        await is_kept(stand, lamp.call)
        stand.kill_asterisk()
        stand.start_asterisk()
        lamps.relight()
        await is_paused(stand, "ivanova")
        lamps.record(ivanova_is(Presence.READY, Activity.TALKING))
        await until(lamp, "confirmed")


async def is_kept(stand: Stand, text: str) -> None:
    """Wait until Asterisk's database holds a text: it is written once a second."""
    database = next((stand.settings.asterisk_folder / "var").rglob("astdb.sqlite3"))

    async def look() -> bool:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            (found,) = db.execute("SELECT count(*) FROM astdb WHERE value LIKE ?", (f"%{text}%",))
        return bool(found[0])

    await eventually(look, what=f"{text} in {database}")


@pytest.mark.parametrize(
    ("wants", "package", "refusal"),
    [
        ("nobody", DIALOG, 404),
        ("s", DIALOG, 404),
        ("*45", DIALOG, 404),
        ("petrov", ("message-summary", "application/simple-message-summary"), 489),
    ],
)
async def test_nothing_but_lamps_can_be_subscribed_to(
    stand: Stand, wants: str, package: tuple[str, str], refusal: int
) -> None:
    async with key(stand, wants, package=package) as lamp:
        assert await lamp.status == refusal


async def test_nobody_outside_sees_a_lamp(stand: Stand) -> None:
    async with key(stand, "ivanova", address="127.0.0.2") as lamp:
        assert await lamp.status == 603
        assert not lamp.bodies


async def test_the_fallback_rings_those_first_who_had_declared_themselves_ready(
    stand: Stand,
) -> None:
    ready = await stand.at_work("petrov", Answer(after=timedelta()))
    on_break = await stand.at_work("ivanova", Answer(after=timedelta()))
    async with lit(stand, floor(ivanova=Presence.NOT_READY, petrov=Presence.READY)):
        await is_paused(stand, "ivanova")
    # The engine is gone, and its word stays.
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 60")
    first = await stand.call(FIRST_LINE)
    await eventually(lambda: talks(ready))
    assert not on_break.offers
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 1")
    await stand.call(FIRST_LINE)
    await eventually(lambda: talks(on_break))
    assert not first.line.ended.is_set()


async def test_where_nobody_is_ready_the_fallback_rings_every_phone_at_once(stand: Stand) -> None:
    """Nobody can declare himself ready while the engine is away: that would be for ever."""
    away = await stand.at_work("ivanova", Answer(after=timedelta()))
    presences = {each.account: Presence.SIGNED_OUT for each in stand.settings.operators}
    async with lit(stand, floor(**presences)):
        for account in presences:
            await is_paused(stand, account)
    await stand.call(FIRST_LINE)
    await eventually(lambda: talks(away))


async def test_who_waits_for_everybody_comes_before_who_has_just_come(stand: Stand) -> None:
    petrov = await stand.at_work("petrov", Answer(after=timedelta()))
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 1")
    served = await stand.call(FIRST_LINE)
    await eventually(lambda: talks(petrov))
    first = await stand.call(FIRST_LINE)
    await waits_in(stand, "ekc-fallback-everybody")
    stand.asterisk.command("dialplan set global EKC_FALLBACK_READY_WAIT 60")
    await stand.call(FIRST_LINE)
    await waits_in(stand, "ekc-fallback")
    petrov.react = reacting(Ignore())
    await served.line.hang_up()

    async def rings() -> bool:
        return len(petrov.offers) > 1

    await eventually(rings)
    assert petrov.offers[1].number == first.number


async def waits_in(stand: Stand, queue: str) -> None:
    async def look() -> bool:
        return "has 1 calls" in stand.asterisk.command(f"queue show {queue}")

    await eventually(look, what=f"a caller in {queue}")


async def test_a_shift_is_seen_on_the_lamps(stand: Stand) -> None:
    stand.start_engine()
    try:
        async with key(stand, "ivanova") as hers, key(stand, f"queue_{QUEUE}") as line:
            await until(hers, "confirmed, on hold")
            ivanova = await stand.at_work("ivanova", Ignore())
            citizen = await stand.call(FIRST_LINE)
            await until(line, "confirmed")
            await ivanova.dial_code("*45")
            await until(hers, "early")
            await citizen.line.hang_up()
            await until(line, "terminated")
            await until(hers, "terminated")
            ivanova.react = reacting(Answer(after=timedelta()))
            citizen = await stand.call(FIRST_LINE)
            await until(hers, "confirmed")
            await citizen.line.hang_up()
            await until(hers, "terminated")
            await ivanova.dial_code("*47")
            await until(hers, "confirmed, on hold")
            await is_paused(stand, "ivanova")
    finally:
        stand.stop_engine()
