"""
A stand for stories: a node, phones around it, and a look into everything that it says of itself.

    with running_stand(write_story_site(folder, ports=PortBlock.find_free())) as stand:
        stand.run(story(stand))                      # an `async def` that calls, answers, looks

A story acts through phones alone, as people do, and looks at the wallboard, the metrics, the store
and the recordings, as people do (`lab.onlooker`). Where it has to wait it waits for something
(`lab.waiting`).

Rule 1: run it from the main thread (see `lab.asterisk`).
Rule 2: when the `with` block is left, nothing of the stand is alive.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import aiohttp

from ekc_telephony.adapters.asterisk_conf.secrets import Secrets
from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.settings.models import Settings
from lab.asterisk import AsteriskProcess, running_asterisk
from lab.node import engine_log, render_node, running_engine
from lab.onlooker import Onlooker
from lab.phones.line import Line
from lab.phones.operator import Ignore, Offered, OperatorPhone, React, Reaction
from lab.phones.stack import PhoneStack, phones
from lab.prepared_engine import PreparedEngine, prepared_engine
from lab.runtime import Runtime
from lab.waiting import eventually, happens

ResultT = TypeVar("ResultT")
_FIRST_CITIZEN: Final = 79130000001


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """Somebody who calls."""

    number: str
    line: Line


def reacting(reaction: Reaction) -> React:
    """Return an owner of a phone who does the same with every call."""

    def react(_offered: Offered) -> Reaction:
        return reaction

    return react


class Stand(Onlooker):
    """
    One node with phones around it; `running_stand` makes it.

    Args:
        config: The `ekc.yaml`.
        settings: What it says.
        secrets: The node's passwords.
        runner: Runs the stories.
        runtime: Where Asterisk is.
    """

    def __init__(
        self,
        config: Path,
        *,
        settings: Settings,
        secrets: Secrets,
        runner: asyncio.Runner,
        runtime: Runtime,
    ) -> None:
        super().__init__(settings, secrets)
        self.config = config
        self._runner = runner
        self._runtime = runtime
        self._asterisk_stack = ExitStack()
        self._engine_stack = ExitStack()
        self._prepared_stack = ExitStack()
        self._asterisk: AsteriskProcess | None = None
        self._engine: subprocess.Popen[bytes] | None = None
        self._prepared: PreparedEngine | None = None
        self._phones: PhoneStack | None = None
        self._close = asyncio.Event()
        self._holding: asyncio.Task[None] | None = None
        self._operators: dict[str, OperatorPhone] = {}
        self._on_duty: set[str] = set()
        self._lines: list[Line] = []
        self._citizens = count(_FIRST_CITIZEN)

    # --- the node

    @property
    def asterisk(self) -> AsteriskProcess:
        """Asterisk as it runs."""
        assert self._asterisk is not None
        return self._asterisk

    @property
    def engine(self) -> subprocess.Popen[bytes]:
        """The engine's process."""
        assert self._engine is not None
        return self._engine

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register and callers dial."""
        sip = self.settings.asterisk.sip
        return str(sip.bind), sip.port

    def password_of(self, account: str) -> str:
        """Return the password of an operator's phone."""
        return self._secrets.operators[account]

    @property
    def recordings(self) -> Path:
        """Where Asterisk puts what it records."""
        return self.settings.asterisk_folder / "spool" / "recording"

    def start_asterisk(self, *, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        """Start Asterisk, with variables beside our own."""
        running = running_asterisk(
            self.settings.asterisk_folder, self._runtime, environment=environment
        )
        self._asterisk = self._asterisk_stack.enter_context(running)

    def kill_asterisk(self) -> None:
        """End Asterisk as a crash would."""
        self.asterisk.kill()
        self._asterisk_stack.close()

    def start_engine(
        self,
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        program: str = "ekc_telephony",
    ) -> None:
        """Start the engine, with variables beside our own, and wait until it is healthy."""
        running = running_engine(
            self.config, self.settings, environment=environment, program=program
        )
        self._engine = self._engine_stack.enter_context(running)

    def kill_engine(self) -> None:
        """End the engine as a crash would."""
        self.engine.kill()
        self._engine_stack.close()

    def stop_engine(self) -> None:
        """End the engine in order."""
        self._engine_stack.close()

    async def prepare_engine(self) -> None:
        """Have another engine ready to begin; return when it is."""
        running = prepared_engine(self.config, state=self.settings.state)
        self._prepared = self._prepared_stack.enter_context(running)
        await eventually(self._prepared.is_ready, what="an engine that is ready to begin")

    async def replace_engine(self) -> None:
        """End the engine as a crash would, and let the prepared one serve at once."""
        assert self._prepared is not None
        self.kill_engine()
        self._prepared.log.replace(engine_log(self.settings))
        self._prepared.begin()
        self._engine, self._prepared = self._prepared.process, None
        self._engine_stack, self._prepared_stack = self._prepared_stack, ExitStack()

        async def is_healthy() -> bool:
            with suppress(aiohttp.ClientError):
                return (await self.health()).is_healthy
            return False

        await eventually(is_healthy, what="a healthy engine")

    # --- stories

    def run(self, story: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a story to its end."""
        return self._runner.run(story)

    def open(self) -> None:
        """Start everything."""
        self.start_asterisk()
        self.start_engine()
        self.run(self._open())

    def open_without_engine(self) -> None:
        """Start all but the engine."""
        self.start_asterisk()
        self.run(self._open())

    def close(self) -> None:
        """End everything."""
        try:
            self.run(self._end_phones())
        finally:
            self._prepared_stack.close()
            self._engine_stack.close()
            self._asterisk_stack.close()

    # --- people

    def citizen(self) -> str:
        """Return a number that nobody has called from."""
        return f"+{next(self._citizens)}"

    async def call(self, did: str, *, number: str | None = None) -> Citizen:
        """Let a citizen call; return when his phone has sent the call off."""
        number = number or self.citizen()
        line = await self._stack.dial(did, number=number)
        self._lines.append(line)
        return Citizen(number=number, line=line)

    async def phone(self, account: str) -> OperatorPhone:
        """Return an operator's phone, registered; it lets calls ring."""
        if account not in self._operators:
            password = self._secrets.operators[account]
            phone = await self._stack.operator(account, password, react=_ignore)
            self._operators[account] = phone
            if not self._is_at_a_fixed_address(account):
                await phone.register()
        return self._operators[account]

    async def on_duty(self, account: str, reaction: Reaction | React) -> OperatorPhone:
        """Let an operator sit down and dial «ready»; return when he is free for a call."""
        phone = await self.phone(account)
        self._on_duty.add(account)
        phone.react = reaction if callable(reaction) else reacting(reaction)
        phone.offers.clear()
        phone.lines.clear()
        await self.declare(phone, self.settings.feature_codes.ready)
        await self.until_agent(
            account,
            lambda agent: (
                agent.presence is Presence.READY
                and agent.activity is not Activity.WRAP_UP
                and agent.is_reachable
            ),
        )
        return phone

    async def off_duty(self, *accounts: str) -> None:
        """Let operators sign out."""
        for account in accounts:
            phone = await self.phone(account)
            await self.declare(phone, self.settings.feature_codes.signed_out)
            await self.until_agent(account, lambda each: each.presence is Presence.SIGNED_OUT)
            self._on_duty.discard(account)

    async def declare(self, phone: OperatorPhone, code: str) -> None:
        """Dial a feature code and hang up as soon as it is confirmed."""
        line = await phone.dial(code)
        await happens(line.established)
        await line.hang_up()

    async def clear(self) -> None:
        """Let all citizens hang up and all operators sign out."""
        for line in self._lines:
            if not line.ended.is_set():
                await line.hang_up()
        self._lines.clear()
        await self.until(lambda board: not board.calls, what="that nobody calls")
        await self.off_duty(*self._on_duty)

    async def at_work(self, account: str, reaction: Reaction) -> OperatorPhone:
        """Return an operator's phone, registered, whatever the engine knows of him."""
        # Not twice at once: the stack takes its first registration back meanwhile, and on a busy
        # machine that can be what Asterisk hears last.
        if account in self._operators:
            await self._operators[account].register()
        phone = await self.phone(account)
        await self.until_free_in_fallback(account)
        phone.offers.clear()
        phone.lines.clear()
        phone.react = reacting(reaction)
        return phone

    async def send_home(self) -> None:
        """Let all citizens hang up and all operators' phones go, whatever the engine knows."""
        for line in self._lines:
            await line.hang_up()
        self._lines.clear()
        for phone in self._operators.values():
            phone.react = _ignore
            await phone.unregister()
        await self.until_silent()

    async def until_silent(self) -> None:
        """Wait until Asterisk has no channel."""

        async def look() -> bool:
            return "0 active channels" in self.asterisk.command("core show channels count")

        await eventually(look, what="that nobody is on the line")

    # --- looking

    async def until_free_in_fallback(self, account: str) -> None:
        """Wait until Asterisk's own queue has noticed that a phone is there, and free."""

        async def look() -> bool:
            shown = self.asterisk.command("queue show ekc-fallback").splitlines()
            lines = [line for line in shown if f"PJSIP/{account} " in line]
            return any("(Not in use)" in line for line in lines)

        await eventually(look, what=f"{account} in the fallback's queue")

    # --- inside

    @property
    def _stack(self) -> PhoneStack:
        assert self._phones is not None
        return self._phones

    def _is_at_a_fixed_address(self, account: str) -> bool:
        return any(
            each.account == account and each.contact is not None for each in self.settings.operators
        )

    async def _open(self) -> None:
        opened = asyncio.Event()
        self._holding = asyncio.create_task(self._hold(opened))
        waiting = asyncio.create_task(opened.wait())
        await asyncio.wait({waiting, self._holding}, return_when=asyncio.FIRST_COMPLETED)
        if self._holding.done():
            await self._holding

    async def _hold(self, opened: asyncio.Event) -> None:
        """Keep open what belongs to one task: a group of tasks is left by whoever entered it."""
        async with AsyncExitStack() as stack:
            self._http = await stack.enter_async_context(aiohttp.ClientSession())
            self._phones = await stack.enter_async_context(
                phones(self.sip, folder=self.config.parent / "heard")
            )
            opened.set()
            await self._close.wait()

    async def _end_phones(self) -> None:
        self._close.set()
        if self._holding is not None:
            await self._holding


@contextmanager
def running_stand(
    config: Path,
    *,
    prepare: Callable[[Settings], None] | None = None,
    runtime: Runtime | None = None,
) -> Iterator[Stand]:
    """
    Run Asterisk, the engine and the phones until the block is left.

    Args:
        config: The `ekc.yaml`.
        prepare: Called when the folder is rendered, before Asterisk starts.
        runtime: Where Asterisk is; this clone's when not given.
    """
    with _stand(config, prepare=prepare, runtime=runtime) as stand:
        stand.open()
        yield stand


@contextmanager
def stand_without_engine(config: Path) -> Iterator[Stand]:
    """
    Run Asterisk and the phones until the block is left; a story starts the engine if it needs it.

    Args:
        config: The `ekc.yaml`.
    """
    with _stand(config) as stand:
        stand.open_without_engine()
        yield stand


@contextmanager
def _stand(
    config: Path,
    *,
    prepare: Callable[[Settings], None] | None = None,
    runtime: Runtime | None = None,
) -> Iterator[Stand]:
    """Make a stand where nothing runs yet; end whatever does when the block is left."""
    settings, secrets = render_node(config)
    if prepare is not None:
        prepare(settings)
    with asyncio.Runner() as runner:
        stand = Stand(
            config,
            settings=settings,
            secrets=secrets,
            runner=runner,
            runtime=runtime or Runtime.find(),
        )
        try:
            yield stand
        finally:
            stand.close()


def _ignore(_offered: Offered) -> Reaction:
    return Ignore()
