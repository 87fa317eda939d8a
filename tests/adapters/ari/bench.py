"""An ARI adapter connected to a rig, and citizens who call: for tests of what ARI really does."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest

from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.execute import AriCallControl
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.core.call import commands, events
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.kernel.ids import AgentId, AppealId, CallId, LegId, RecordingId
from ekc_telephony.runtime.ports import CommandRefusedError
from lab.waiting import PATIENCE
from tests.adapters.ari.asterisk_rig import NAME, SECRET, AsteriskRig
from tests.adapters.ari.heard import Heard, listening

AGENT = AgentId("agent1")
CITIZENS = itertools.count(1)
"""Numbers every citizen of this run; an earlier one's channel may still be dying."""


@dataclass(kw_only=True)
class Bench:
    """A connected adapter."""

    rig: AsteriskRig
    client: AriClient
    link: AriLink
    control: AriCallControl
    heard: Heard
    citizen: str = ""
    """The citizen's own channel, of the latest call."""
    _count: int = 0

    async def citizen_calls(self, *, extension: str = "880", number: str = "") -> CallId:
        """Let a citizen call; return his call, which has arrived."""
        self._count += 1
        self.citizen = f"citizen-{next(CITIZENS)}-of-{os.getpid()}"
        query = {
            "endpoint": "Local/84950000001@arrival",
            "context": "citizen",
            "extension": extension,
            "priority": "1",
            "channelId": self.citizen,
            "callerId": f"<{number}>",
        }
        await self.client.ask("POST", "channels", query)
        return (await self.heard.next(events.CallArrived)).call

    async def citizen_hangs_up(self) -> None:
        """End the citizen's side of the latest call."""
        await self.client.ask("DELETE", f"channels/{self.citizen}")

    async def dial(self, call: CallId, *, queue: str = "Пособия", **changed: object) -> LegId:
        """Ring the agent; return the leg."""
        self._count += 1
        command = commands.DialAgent(
            call=call,
            leg=LegId(f"{call}-offer-{self._count}"),
            agent=AgentId(str(changed.get("agent", AGENT))),
            number=str(changed["number"]) if "number" in changed else None,
            queue_title=queue,
            appeal=AppealId("2026-000017"),
            ring_time=timedelta(seconds=int(str(changed.get("ring_s", 20)))),
        )
        await self.control.execute(command)
        return command.leg

    async def refusal_of(self, command: Command) -> CommandRefusedError:
        """Return the error that the command ends in."""
        with pytest.raises(CommandRefusedError) as caught:
            await self.control.execute(command)
        return caught.value


def access(rig: AsteriskRig, *, password: str = SECRET) -> AriAccess:
    """Return where the rig's ARI is, and who we are there."""
    return AriAccess(url=rig.ari_url, user=NAME, password=password)


@asynccontextmanager
async def bench(
    rig: AsteriskRig, *, patience: timedelta = PATIENCE, life: str = ""
) -> AsyncIterator[Bench]:
    """Connect an adapter to the rig for the time of the test."""
    client = AriClient(access(rig), patience=patience)
    link = AriLink(client, clock=SystemClock(), life=life)
    async with listening(link.run) as heard:
        await heard.next(events.ControlRegained)
        yield Bench(rig=rig, client=client, link=link, control=AriCallControl(client), heard=heard)


def past_our_client() -> aiohttp.ClientSession:
    """Return a session of somebody else's, whom Asterisk believes as it does us."""
    return aiohttp.ClientSession(headers={"Authorization": aiohttp.encode_basic_auth(NAME, SECRET)})


async def hear_only(rig: AsteriskRig, *kinds: str) -> None:
    """Let Asterisk send nothing but these kinds of messages."""
    url = f"{rig.ari_url}/applications/{NAME}/eventFilter"
    async with past_our_client() as session:
        await session.put(url, json={"allowed": [{"type": kind} for kind in kinds]})


def message(call: CallId, name: str) -> commands.RecordLeg:
    """Return the order to record what the caller says."""
    return commands.RecordLeg(
        call=call,
        leg=LegId(call),
        recording=RecordingId(name),
        longest=timedelta(seconds=60),
        silence=timedelta(seconds=30),
        until_key="#",
    )
