"""Operators send callers on to a number outside, by a trunk, and only to those that are allowed."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, cast

import baresip
import pytest
from typing_extensions import override

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.call.presence import Activity
from lab.node import Document
from lab.onlooker import told
from lab.phones.operator import Answer, OperatorPhone
from lab.ports import PortBlock
from lab.stand import Citizen, Stand, running_stand
from lab.story_site import FIRST_LINE, PENSIONS, write_story_site
from lab.waiting import happens

AT_ONCE: Final = timedelta()
EXCHANGE: Final = ("127.0.0.2", 5060)
"""The trunk's first address, at SIP's own port: that is where numbers outside are dialled."""
_SOUND: Final = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"
    "m=audio 40010 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class Exchange(asyncio.DatagramProtocol):
    """
    The other end of a trunk, as far as one call at a time needs it.

    Args:
        answer: What it says to an INVITE.
    """

    def __init__(self, answer: str) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None
        self._invited: tuple[dict[str, str], tuple[str, int]] | None = None
        self.heard: list[str] = []
        """The first lines of all requests."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        first = text.partition("\r\n")[0]
        headers = dict(re.findall(r"^([\w-]+): *(.*)\r$", text, re.MULTILINE))
        vias = re.findall(r"^Via:.*(?=\r$)", text, re.MULTILINE)
        if first.startswith("SIP/2.0"):
            return
        self.heard.append(first)
        if first.startswith("INVITE"):
            self._invited = headers, addr
            body = _SOUND if self._answer.startswith("200") else ""
            self._reply(self._answer, headers, vias, addr, body=body)
        elif not first.startswith("ACK"):
            self._reply("200 OK", headers, vias, addr)

    def hang_up(self) -> None:
        """End the call that was answered."""
        assert self._invited is not None
        headers, address = self._invited
        contact = headers["Contact"].strip("<>").partition(">")[0]
        self._send(
            [
                f"BYE {contact} SIP/2.0",
                # A branch of its own, or Asterisk takes it for the BYE of the call before.
                f"Via: SIP/2.0/UDP {EXCHANGE[0]}:{EXCHANGE[1]};branch=z9hG4bK{headers['Call-ID']}",
                f"From: {headers['To']};tag=exchange",
                f"To: {headers['From']}",
                f"Call-ID: {headers['Call-ID']}",
                "CSeq: 1 BYE",
                "Max-Forwards: 70",
            ],
            address,
        )

    def _reply(
        self,
        status: str,
        headers: dict[str, str],
        vias: list[str],
        address: tuple[str, int],
        *,
        body: str = "",
    ) -> None:
        tag = "" if "tag=" in headers["To"] else ";tag=exchange"
        lines = [
            f"SIP/2.0 {status}",
            *vias,
            f"From: {headers['From']}",
            f"To: {headers['To']}{tag}",
            f"Call-ID: {headers['Call-ID']}",
            f"CSeq: {headers['CSeq']}",
            f"Contact: <sip:{EXCHANGE[0]}:{EXCHANGE[1]}>",
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        self._send(lines, address, body=body)

    def _send(self, lines: list[str], address: tuple[str, int], *, body: str = "") -> None:
        assert self._transport is not None
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        self._transport.sendto(text.encode(), address)


@asynccontextmanager
async def exchange(answer: str) -> AsyncIterator[Exchange]:
    """Run the other end of the trunk."""
    loop = asyncio.get_running_loop()
    transport, running = await loop.create_datagram_endpoint(
        lambda: Exchange(answer), local_addr=EXCHANGE
    )
    try:
        yield running
    finally:
        transport.close()


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Run a node that may send callers on to 112."""

    def allow(document: Document) -> None:
        document["outside"] = [{"number": "112", "trunk": "city"}]
        document["operators"][1]["extension"] = "102"
        document["queues"][1]["when_no_agents"] = "wait"
        document["queues"][1]["overflow"] = [
            {"when": "waited", "after": "1s", "to": "outside", "number": "112"}
        ]

    folder = tmp_path_factory.mktemp("stand")
    site = write_story_site(folder, ports=PortBlock.find_free(), change=allow)
    with running_stand(site) as stand:
        yield stand


async def talk_with_ivanova(stand: Stand) -> tuple[OperatorPhone, Citizen]:
    """Let a citizen talk to Ivanova."""
    ivanova = await stand.on_duty("ivanova", Answer(after=AT_ONCE))
    citizen = await stand.call(FIRST_LINE)
    await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await happens(ivanova.lines[0].established)
    return ivanova, citizen


async def test_a_caller_is_sent_on_to_a_number_outside(stand: Stand) -> None:
    async with exchange("200 OK") as outside:
        ivanova, citizen = await talk_with_ivanova(stand)
        await ivanova.lines[0].transfer("112")
        await happens(ivanova.lines[0].ended)
        await stand.until(lambda _: any(each.startswith("ACK") for each in outside.heard))
        outside.hang_up()
        await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert outside.heard[0] == f"INVITE sip:112@{EXCHANGE[0]} SIP/2.0"
    segments = told(history)
    assert "talk ivanova transferred" in segments
    assert "outside completed" in segments


async def test_the_line_outside_ends_when_the_caller_hangs_up(stand: Stand) -> None:
    async with exchange("200 OK") as outside:
        ivanova, citizen = await talk_with_ivanova(stand)
        await ivanova.lines[0].transfer("112")
        await stand.until(lambda _: any(each.startswith("ACK") for each in outside.heard))
        await citizen.line.hang_up()
        await stand.until(lambda _: any(each.startswith("BYE") for each in outside.heard))
    assert "outside caller_hung_up" in told(await stand.history(citizen.number))


async def test_when_it_is_busy_outside_the_caller_comes_back_to_his_sender(stand: Stand) -> None:
    async with exchange("486 Busy Here"):
        ivanova, citizen = await talk_with_ivanova(stand)
        await ivanova.lines[0].transfer("112")
        await stand.until(lambda _: len(ivanova.lines) == 2, what="that her phone rings again")
        await stand.until_agent("ivanova", lambda agent: agent.activity is Activity.TALKING)
    await citizen.line.hang_up()
    segments = told(await stand.history(citizen.number))
    assert "outside refused" in segments
    assert segments.count("talk ivanova caller_hung_up") == 1


async def form(stand: Stand, name: str) -> list[dict[str, Any]]:
    """Return the rows of a report form, as `ekc stats` tells programs."""
    words = ["-m", "ekc_telephony", "stats", "--day", "today", "--form", name, "--json"]
    asked = await asyncio.create_subprocess_exec(
        sys.executable, *words, "--config", str(stand.config), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asked.communicate()
    assert asked.returncode == 0
    rows: list[dict[str, Any]] = json.loads(printed)["rows"]
    return rows


async def test_whom_nobody_here_takes_is_answered_outside(stand: Stand) -> None:
    async with exchange("200 OK") as outside:
        citizen = await stand.call(PENSIONS)
        await stand.until(lambda _: any(each.startswith("ACK") for each in outside.heard))
        outside.hang_up()
        await happens(citizen.line.ended)
    history = await stand.history(citizen.number)
    assert history.summary.outcome is CallOutcome.ANSWERED
    assert told(history)[1:] == ["waiting overflowed", "outside completed"]
    (passport,) = (row for row in await form(stand, "F4") if row["number"] == citizen.number)
    assert (passport["status"], passport["talked_to"]) == ("successful", [])
    assert citizen.number not in {row["number"] for row in await form(stand, "F5")}


async def test_whom_nobody_takes_outside_either_waits_on_and_is_taken_here(stand: Stand) -> None:
    async with exchange("486 Busy Here") as outside:
        citizen = await stand.call(PENSIONS)
        await stand.until(lambda _: any(each.startswith("INVITE") for each in outside.heard))
        await stand.until_waiting(1, queue="pensions")
        await stand.on_duty("smirnova", Answer(after=AT_ONCE))
        await stand.until_agent("smirnova", lambda agent: agent.activity is Activity.TALKING)
        await citizen.line.hang_up()
        invitations = [each for each in outside.heard if each.startswith("INVITE")]
    assert len(invitations) == 1
    assert told(await stand.history(citizen.number))[1:5] == [
        "waiting overflowed",
        "outside refused",
        "waiting completed",
        "offer smirnova accepted",
    ]


async def test_no_other_number_outside_is_dialled(stand: Stand) -> None:
    async with exchange("200 OK") as outside:
        ivanova, citizen = await talk_with_ivanova(stand)
        with pytest.raises(baresip.TransferFailed, match="503"):
            await ivanova.lines[0].transfer("79001234567")
        await citizen.line.hang_up()
    assert outside.heard == []


async def test_a_colleague_is_reached_by_his_short_number(stand: Stand) -> None:
    ivanova, citizen = await talk_with_ivanova(stand)
    await stand.on_duty("petrov", Answer(after=AT_ONCE))
    await ivanova.lines[0].transfer("102")
    await stand.until_agent("petrov", lambda agent: agent.activity is Activity.TALKING)
    await citizen.line.hang_up()
