"""
The SIP stack all phones of this process share, and the trunk that callers come through.

Rule 1: when the block of `phones` is left, every phone is gone and every recording is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import baresip

from lab.phones.dialling import dialled
from lab.phones.line import Line
from lab.phones.mover import SoundMover, sound_mover
from lab.phones.operator import OperatorPhone, React
from lab.phones.trunk import Address, trunk_relay

TRUNK_ADDRESS: Final = "127.0.0.2"
"""What the sample configuration takes for the city's trunk."""
SHOWN_HEADERS: Final = ("From", "X-EKC-Call", "X-EKC-Appeal", "X-EKC-Queue", "Alert-Info")
"""What a phone keeps of an incoming call."""
ANONYMOUS: Final = "anonymous"
_CODECS: Final = ("pcma",)
_LOOPBACK: Final = "127.0.0.1"
_REGISTRATION_S: Final = 300
_AS_IT_COMES: Final = "audio_jitter_buffer_type off\n"
"""The stack's jitter buffer drops a packet when a prompt begins; on loopback nobody needs one."""


class PhoneStack:
    """
    Make phones.

    Args:
        runtime: The running SIP stack.
        node: Where Asterisk listens.
        trunk: Where callers' calls go in.
        folder: Where recordings are written.
        tasks: What keeps the phones' own tasks.
        mover: Moves their sound.
    """

    def __init__(
        self,
        runtime: baresip.Runtime,
        *,
        node: Address,
        trunk: Address,
        folder: Path,
        tasks: asyncio.TaskGroup,
        mover: SoundMover,
    ) -> None:
        self._runtime = runtime
        self._mover = mover
        self._node = node
        self._trunk = trunk
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._callers: dict[str, baresip.UserAgent] = {}
        self._recordings = count(1)

    async def operator(self, account: str, password: str, *, react: React) -> OperatorPhone:
        """
        Make an operator's phone; it is not registered yet.

        Args:
            account: The SIP account.
            password: Its password.
            react: What its owner makes of an incoming call.
        """
        host, port = self._node
        agent = await baresip.UserAgent.create(
            self._runtime,
            baresip.Account(
                account,
                f"{host}:{port}",
                password,
                audio_codecs=_CODECS,
                reg_interval=_REGISTRATION_S,
            ),
        )
        return OperatorPhone(
            agent,
            account=account,
            domain=f"{host}:{port}",
            react=react,
            dial=lambda uri: self._dial(agent, uri),
            follow=lambda call, name: self._follow(call, f"{account}-{name}"),
            start=self._start,
        )

    async def dial(self, did: str, *, number: str | None, name: str = "caller") -> Line:
        """
        Call the node as a citizen; return at once, while it rings.

        Args:
            did: The number dialled.
            number: The caller's own; None for one who hides it.
            name: What the recording is called.
        """
        user = number or ANONYMOUS
        host, port = self._trunk
        if user not in self._callers:
            self._callers[user] = await baresip.UserAgent.create(
                self._runtime,
                baresip.Account(user, f"{host}:{port}", "", audio_codecs=_CODECS, reg_interval=0),
            )
        call = await self._dial(self._callers[user], f"sip:{did}@{host}:{port}")
        return self._follow(call, name)

    async def _dial(self, agent: baresip.UserAgent, uri: str) -> baresip.Call:
        return await dialled(self._runtime, lambda: agent.dial(uri))

    def _follow(self, call: baresip.Call, name: str) -> Line:
        path = self._folder / f"{next(self._recordings):03}-{name}.wav"
        line = Line(call, recording=path)
        self._start(line.follow(self._mover))
        return line

    def end(self) -> None:
        """Let go of all calls; their recordings are written."""
        for task in self._running:
            task.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


@asynccontextmanager
async def phones(
    node: Address, *, folder: Path, trunk_address: str = TRUNK_ADDRESS
) -> AsyncIterator[PhoneStack]:
    """
    Run the SIP stack until the block is left.

    Args:
        node: Where Asterisk listens.
        folder: Where recordings are written; made when it is not there.
        trunk_address: Where citizens' calls come from.

    Raises:
        baresip.BaresipError: The stack cannot start; one process has one at a time.
        OSError: The trunk's address cannot be used.
    """
    runtime = baresip.Runtime(native_log_level="error")
    await runtime.start(
        baresip.Config(
            net_interface=_LOOPBACK,
            max_concurrent_calls=None,
            expose_headers=SHOWN_HEADERS,
            native_log_level="error",
            extra_config_text=_AS_IT_COMES,
        )
    )
    try:
        with sound_mover() as mover:
            async with (
                trunk_relay(node, trunk_address=trunk_address) as trunk,
                asyncio.TaskGroup() as tasks,
            ):
                stack = PhoneStack(
                    runtime, node=node, trunk=trunk, folder=folder, tasks=tasks, mover=mover
                )
                try:
                    yield stack
                finally:
                    stack.end()
    finally:
        await runtime.close()
