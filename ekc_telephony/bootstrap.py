"""
Builds the engine of one node and runs it: the only place that knows all parts.

Everything is put together here, once, from a checked `Settings`; no part builds another.

Rule 1: nothing starts half-configured: all that can be wrong with the configuration is found before
the first connection is made.
Rule 2: parts run side by side in one task group; when one ends by a fatal error, all end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.ami.client import AmiAccess
from ekc_telephony.adapters.ami.link import AmiLink
from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.execute import AriCallControl
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.prometheus.sink import (
    PrometheusSink,
    WallboardCollector,
    register_levels,
)
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.core.acd.acd import Acd
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.engine.engine import Effect, Engine
from ekc_telephony.core.engine.wallboard import wallboard_of
from ekc_telephony.core.kernel.ids import AgentId
from ekc_telephony.runtime.driver import Driver
from ekc_telephony.runtime.fact_log import FactLog
from ekc_telephony.runtime.fact_writer import FactWriter
from ekc_telephony.runtime.health import examine
from ekc_telephony.runtime.outbox import Outbox
from ekc_telephony.runtime.ports import CallControl, FactSink
from ekc_telephony.runtime.store_keeper import StoreKeeper
from ekc_telephony.runtime.supervisor import SupervisedEngine
from ekc_telephony.settings.asterisk import ARI_APP
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import agent_specs, engine_plan, queue_specs

STORE_PATIENCE: Final = timedelta(seconds=3)
"""How long the start waits for the store, so that presences are known before the first call."""
DRAIN_PATIENCE: Final = timedelta(seconds=5)


class Node:
    """
    One telephony node's engine.

    Args:
        settings: The configuration.

    Raises:
        SettingsError: A script cannot be used.
        SecretsError: The passwords' file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        accounts = frozenset(AgentId(each.account) for each in settings.operators)
        secrets = load_or_create_secrets(settings.secrets_file, accounts)
        plan = engine_plan(settings, today=self._clock.now().date())
        self._engine = Engine(plan, Acd(queue_specs(settings), agent_specs(settings)))
        self._supervised = SupervisedEngine(self._engine)
        self._driver = Driver(self._supervised, submit=self._submit, clock=self._clock)
        ari, ami = settings.asterisk.ari, settings.asterisk.ami
        client = AriClient(
            AriAccess(
                url=f"http://{ari.bind}:{ari.port}/ari",
                user="ekc",
                password=secrets.ari,
                application=ARI_APP,
            )
        )
        self._control: CallControl = AriCallControl(client)
        self._ari = AriLink(client)
        self._ami = AmiLink(
            AmiAccess(host=str(ami.bind), port=ami.port, user="ekc", secret=secrets.ami),
            accounts=accounts,
        )
        self._store = SqlAppealStore(settings.store_url)
        self._writer = FactWriter(
            self._store,
            clock=self._clock,
            set_aside=settings.state / "facts-set-aside.jsonl",
        )
        self._keeper = StoreKeeper(
            prepare=partial(migrate, settings.store_url),
            store=self._store,
            writer=self._writer,
            deliver=self._driver.deliver,
            node=settings.node,
        )
        self._registry = CollectorRegistry()
        self._sinks: tuple[FactSink, ...] = (
            self._writer,
            PrometheusSink(self._registry),
            FactLog(),
        )
        self._outbox: Outbox | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """
        Serve calls until `stop` is set, then write what is left and end.

        Raises:
            ExceptionGroup: Of the fatal errors of `AriLink`, `AmiLink` or `serve_pages`.
        """
        async with asyncio.TaskGroup() as keeping:
            keeper = keeping.create_task(self._keeper.run())
            try:
                await self._keeper.wait_ready(STORE_PATIENCE)
                await self._serve(stop)
            finally:  # also when a part ended by a fatal error: no fact is left behind
                await self._writer.drain(DRAIN_PATIENCE)
                keeper.cancel()
        await self._store.close()

    async def _serve(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._outbox = Outbox(self._control, report=self._driver.deliver, tasks=tasks)
            self._watch(self._outbox)
            parts: list[Callable[[], Coroutine[Any, Any, None]]] = [
                self._driver.run,
                partial(self._ari.run, self._driver.deliver),
                partial(self._ami.run, self._driver.deliver),
                self._serve_pages,
            ]
            running = [tasks.create_task(part()) for part in parts]
            await stop.wait()
            for task in running:
                task.cancel()

    def _submit(self, effects: Sequence[Effect]) -> None:
        """
        Hand commands to the outbox at once, and facts to everybody who listens right after.

        The outbox sends in the loop's next turn; facts are told after it, so that counting and
        logging a call does not hold it up (measured: 0.15 ms between his arrival and the ringing).
        """
        facts: list[Fact] = []
        for effect in effects:
            if isinstance(effect, Command):
                assert self._outbox is not None
                self._outbox.submit(effect)
            else:
                facts.append(effect)
        if facts:
            asyncio.get_running_loop().call_soon(self._tell, facts)

    def _tell(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            for sink in self._sinks:
                sink.record(fact)

    async def _serve_pages(self) -> None:
        http = self._settings.http
        app = make_app(
            health=lambda: examine(
                {
                    "asterisk": lambda: self._ari.trouble,
                    "ami": lambda: self._ami.trouble,
                    "store": lambda: self._keeper.trouble,
                }
            ),
            wallboard=lambda: wallboard_of(self._engine, self._clock.now()),
            registry=self._registry,
        )
        await serve_pages(app, host=str(http.bind), port=http.port)

    def _watch(self, outbox: Outbox) -> None:
        """Register what is read when Prometheus asks."""
        self._registry.register(
            WallboardCollector(lambda: wallboard_of(self._engine, self._clock.now()))
        )
        register_levels(
            self._registry,
            {
                "ekc_engine_bugs": (
                    "Sessions that our own bugs ended",
                    lambda: self._supervised.bugs,
                ),
                "ekc_engine_inbox": ("Events that wait", lambda: self._driver.backlog),
                "ekc_engine_outbox": ("Commands that wait or run", lambda: outbox.backlog),
                "ekc_commands_refused": ("Commands not carried out", lambda: outbox.refused),
                "ekc_ari_up": ("1 when we see Asterisk", lambda: float(self._ari.is_up)),
                "ekc_ari_connections": ("Connections made so far", lambda: self._ari.connections),
                "ekc_ami_up": ("1 when AMI is connected", lambda: float(self._ami.is_up)),
                "ekc_store_backlog": ("Facts not stored yet", lambda: self._writer.backlog_size),
                "ekc_store_oldest_seconds": (
                    "Age of the oldest fact not stored yet",
                    lambda: self._writer.oldest_age().total_seconds(),
                ),
                "ekc_store_failures": ("Times it took no facts", lambda: self._writer.failures),
                "ekc_store_set_aside": (
                    "Facts it refused for good",
                    lambda: self._writer.facts_set_aside,
                ),
            },
        )
