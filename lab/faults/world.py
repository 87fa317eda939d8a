"""
The node under test: Asterisk, engine and guard in a scratch folder, each restarted when it dies.

Times are short so that a caller lives through everything within a minute; nothing else differs
from what is shipped, but for the engine's way to ARI, which leads through `proxy.py`, and for the
bug of `poisoned_engine.py`.

Rule 1: when `running_world` is left, nothing of it is alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
import numpy as np
from ruamel.yaml import YAML

from ekc_telephony.adapters.asterisk_conf.secrets import Secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.settings.models import Settings
from lab.faults.faketime import WallClock
from lab.faults.processes import (
    Keeper,
    Program,
    asterisk_command,
    remove_control_socket,
)
from lab.faults.proxy import Proxy
from lab.faults.rtp import agent_tones, expand, voice
from lab.hearing import Sound
from lab.node import Document, render_node
from lab.ports import PortBlock
from lab.runtime import PROJECT, Runtime
from lab.story_site import IMPATIENT, write_story_site

DID: Final = IMPATIENT
FIRST_LINE: Final = 8
SECOND_LINE: Final = 4
RING_TIME: Final = timedelta(seconds=4)
WRAP_UP: Final = timedelta(seconds=2)
AFTER_REFUSAL: Final = timedelta(seconds=3)
ANNOUNCE_EVERY: Final = timedelta(seconds=15)
MENU_SILENCE: Final = timedelta(seconds=1)
"""How long the menu waits for a key; nobody hears anything meanwhile. `lab.story_site` sets it."""
ENGINE_RESTART: Final = timedelta(seconds=0.2)
ASTERISK_RESTART: Final = timedelta(seconds=0.5)
GUARD_RESTART: Final = timedelta(seconds=0.5)
START_LIMIT_S: Final = 40.0
_FALLBACK_WORDS: Final = ("fallback-*", "technical-failure")
"""The prompts that only the fallback speaks."""
_MARK: Final = timedelta(seconds=0.6)
_LOOK_EVERY_S: Final = 0.05
_GUARD: Final = "ekc_telephony.guard"
_HTTP_OK: Final = 200


class WorldFailedError(Exception):
    """The node did not start; the text says what was seen."""


@dataclass(slots=True)
class Health:
    """What `/healthz` said last."""

    is_reachable: bool = False
    is_healthy: bool = False
    troubles: Mapping[str, str] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)
    """What would be missed in a second failure."""
    seen_at: float = 0.0
    """By the loop's clock."""


class World:
    """
    The node.

    Args:
        config: The engine's `ekc.yaml`.
        settings: What it says, before the proxy is put between.
        secrets: Its passwords.
        ports: Its ports.
        runtime: Where Asterisk is.
        clock: The wall clock that it sees; None where it cannot be set.
    """

    def __init__(
        self,
        config: Path,
        *,
        settings: Settings,
        secrets: Secrets,
        ports: PortBlock,
        runtime: Runtime,
        clock: WallClock | None,
    ) -> None:
        self.config = config
        self.folder = config.parent
        self.settings = settings
        self.secrets = secrets
        self.health = Health()
        self.ari = Proxy(proxy_port(ports), ports.ari)
        self.clock = clock
        environment = {} if clock is None else clock.environment
        rendered = settings.asterisk_folder
        self.engine_log = settings.state / "engine.log"
        self.asterisk = Keeper(
            Program(
                name="asterisk",
                command=asterisk_command(rendered, runtime.asterisk),
                folder=rendered,
                log=rendered / "log" / "console",
                restart_after=ASTERISK_RESTART,
                environment={**environment, "EKC_CLOCK": str(settings.clock_file)},
                before_start=lambda: remove_control_socket(rendered),
            )
        )
        self.engine = Keeper(
            Program(
                name="engine",
                command=self.engine_command,
                folder=PROJECT,
                log=self.engine_log,
                restart_after=ENGINE_RESTART,
                environment=environment,
            )
        )
        self.guard = Keeper(
            Program(
                name="guard",
                command=[sys.executable, "-m", _GUARD, rendered / "guard.json"],
                folder=PROJECT,
                log=settings.state / "guard.log",
                restart_after=GUARD_RESTART,
                environment=environment,
            )
        )
        self.has_guard = importlib.util.find_spec(_GUARD) is not None
        self._asterisk = runtime.asterisk
        loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._started_at = self._clock.now() - timedelta(seconds=loop.time())
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))

    @property
    def engine_command(self) -> list[str | Path]:
        """How the engine is started."""
        module = "lab.faults.poisoned_engine"
        return [sys.executable, "-m", module, "serve", "--config", self.config]

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register and callers dial."""
        return str(self.settings.asterisk.sip.bind), self.settings.asterisk.sip.port

    def moment(self, at: float) -> datetime:
        """Turn the loop's clock into a moment."""
        return self._started_at + timedelta(seconds=at)

    def now(self) -> datetime:
        """Return the present moment."""
        return self.moment(asyncio.get_running_loop().time())

    def log_position(self) -> int:
        """Return how much the engines have logged so far."""
        return self.engine_log.stat().st_size if self.engine_log.exists() else 0

    async def watch(self) -> None:
        """Keep `health` up to date until cancelled."""
        loop = asyncio.get_running_loop()
        url = f"{self._url}/healthz"
        while True:
            found = Health(seen_at=loop.time())
            try:
                async with self._http.get(url) as answer:
                    found.is_reachable = True
                    found.is_healthy = answer.status == _HTTP_OK
                    told = json.loads(await answer.read())
                    found.troubles = told.get("troubles", {})
                    found.warnings = told.get("warnings", {})
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                found.is_reachable = False
            self.health = found
            await asyncio.sleep(_LOOK_EVERY_S)

    async def page(self, name: str) -> bytes | None:
        """Return one of the engine's pages; None when it does not answer."""
        try:
            async with self._http.get(f"{self._url}/{name}") as answer:
                return await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def metric(self, name: str) -> float | None:
        """Return a metric, summed over its labels; None when the engine does not answer."""
        page = await self.page("metrics")
        if page is None:
            return None
        lines = (line for line in page.decode().splitlines() if line.startswith(name))
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.removeprefix(name)[:1] in {" ", "{"}
        )

    async def wait_healthy(self, *, since: float, within: float = START_LIMIT_S) -> bool:
        """Wait until it is healthy by a look that began after `since`; tell whether it is."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + within
        while loop.time() < give_up_at:
            if self.health.is_healthy and self.health.seen_at > since:
                return True
            await asyncio.sleep(_LOOK_EVERY_S / 2)
        return False

    async def wait_booted(self) -> bool:
        """Wait until Asterisk has loaded everything; tell whether it has."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + START_LIMIT_S
        socket = self.settings.asterisk_folder / "run" / "asterisk.ctl"
        conf = self.settings.asterisk_folder / "etc" / "asterisk.conf"
        while loop.time() < give_up_at:
            if socket.exists():
                asking = await asyncio.create_subprocess_exec(
                    *(str(self._asterisk), "-C", str(conf), "-rx", "core waitfullybooted"),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(START_LIMIT_S):
                        if await asking.wait() == 0:
                            return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    async def close(self) -> None:
        """Let go of what is not a process."""
        await self._http.close()

    @property
    def _url(self) -> str:
        return f"http://{self.settings.http.bind}:{self.settings.http.port}"


def proxy_port(ports: PortBlock) -> int:
    """Return where the engine finds ARI."""
    return ports.first + 90


def accounts() -> list[str]:
    """Return the operators, in the order of their voices."""
    first = [f"first{number:02}" for number in range(1, FIRST_LINE + 1)]
    return first + [f"second{number:02}" for number in range(1, SECOND_LINE + 1)]


def write_world(
    folder: Path, *, ports: PortBlock, is_recorded: bool, store_url: str
) -> tuple[Path, Settings, Secrets]:
    """Write and render the node, and then lead the engine's way to ARI through the proxy."""

    def change(document: Document) -> None:
        document["numbers"] = [{"did": DID, "script": "impatient"}]
        for queue in document["queues"]:
            queue["ring_time"] = _seconds(RING_TIME)
            queue["wrap_up"] = _seconds(WRAP_UP)
            queue["after_refusal"] = _seconds(AFTER_REFUSAL)
            queue["announce_every"] = _seconds(ANNOUNCE_EVERY)
            queue["record"] = is_recorded
            queue["when_no_agents"] = "wait"
        document["operators"] = [_operator(account) for account in accounts()]
        document["store"] = {"url": store_url}

    config = write_story_site(folder, ports=ports, change=change)
    settings, secrets = render_node(config)
    mark_fallback_words(settings.sounds / "ru")
    yaml = YAML()
    document = yaml.load(config)
    document["asterisk"]["ari"]["port"] = proxy_port(ports)
    yaml.dump(document, config)
    return config, settings, secrets


@asynccontextmanager
async def running_world(world: World) -> AsyncIterator[World]:
    """
    Run the node until the block is left; healthy when it begins.

    Raises:
        WorldFailedError: It did not start.
    """
    loop = asyncio.get_running_loop()
    keepers = [world.asterisk, world.engine, *((world.guard,) if world.has_guard else ())]
    tasks: list[asyncio.Task[None]] = []
    try:
        tasks.append(asyncio.create_task(world.ari.run()))
        tasks.append(asyncio.create_task(world.asterisk.run()))
        if not await world.wait_booted():
            raise WorldFailedError(f"Asterisk did not start; see {world.asterisk.program.log}")
        tasks.append(asyncio.create_task(world.watch()))
        tasks.extend(asyncio.create_task(keeper.run()) for keeper in keepers[1:])
        if not await world.wait_healthy(since=loop.time()):
            raise WorldFailedError(
                f"the engine did not become healthy: {world.health}; see {world.engine_log}"
            )
        yield world
    finally:
        # Asterisk goes last, so that nobody complains about its absence.
        for task in reversed(tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await world.close()


def mark_fallback_words(folder: Path) -> None:
    """Let what only the fallback says begin with two tones that every ear of the lab knows."""
    tones = expand(voice(agent_tones(len(accounts())))).beginning(_MARK)
    for pattern in _FALLBACK_WORDS:
        for path in folder.glob(f"{pattern}.wav"):
            words = Sound.read(path)
            samples = np.concatenate([tones.samples, words.samples])
            Sound(samples=samples, rate=words.rate).write(path)


def _operator(account: str) -> Document:
    line = "first" if account.startswith("first") else "second"
    return {
        "account": account,
        "name": f"Оператор {account}",
        "line": line,
        "skills": {"general": 5} if line == "first" else {"pensions": 6},
        "initial_presence": "ready",
    }


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():g}s"
