"""
Builds the engine of one node and runs it: the only place that knows all parts.

Everything is put together here, once, from a checked `Settings`; no part builds another.

Rule 1: nothing starts half-configured: all that can be wrong with the configuration is found before
the first connection is made.
Rule 2: parts run side by side in one task group; when one ends by a fatal error, all end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry

from ekc_telephony import __version__
from ekc_telephony.adapters.ami.client import AmiAccess
from ekc_telephony.adapters.ami.link import AmiLink
from ekc_telephony.adapters.ari.client import AriAccess, AriClient
from ekc_telephony.adapters.ari.execute import AriCallControl
from ekc_telephony.adapters.ari.lamps import Lamps, floor_of
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.asterisk_conf.conf import CONTROL_ACCOUNT
from ekc_telephony.adapters.asterisk_conf.secrets import Secrets, load_or_create_secrets
from ekc_telephony.adapters.asterisk_conf.sound_links import playing_language
from ekc_telephony.adapters.cdr.witness import HangupWitness
from ekc_telephony.adapters.clock import SystemClock, seconds_since_start
from ekc_telephony.adapters.http.app import make_app, serve_pages
from ekc_telephony.adapters.http.floor_api import FloorApi
from ekc_telephony.adapters.http.scripts_api import ScriptsApi
from ekc_telephony.adapters.http.supervisor_api import Floor, SupervisorApi
from ekc_telephony.adapters.http.transfer_api import TransferApi
from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.adapters.prometheus.sink import PrometheusSink
from ekc_telephony.adapters.spool.folder import SpoolFolder
from ekc_telephony.adapters.sql.appeal_store import SqlAppealStore
from ekc_telephony.adapters.sql.migrations import migrate
from ekc_telephony.bootstrap.memory import remembered_segments
from ekc_telephony.bootstrap.numbers import LastReconciliation, NodeParts, register_numbers
from ekc_telephony.bootstrap.published import PublishedScripts
from ekc_telephony.bootstrap.queue_log import QueueLogParts
from ekc_telephony.bootstrap.rendered import RenderedFolder
from ekc_telephony.bootstrap.services import services_of
from ekc_telephony.core.call.commands import AskService
from ekc_telephony.core.call.events import (
    ControlRegained,
    EngineStopping,
    Event,
    PresenceDeclared,
    TransferOrdered,
    WrapUpDeclared,
)
from ekc_telephony.core.call.facts import Fact
from ekc_telephony.core.engine.effects import Effect, commands_of, facts_of
from ekc_telephony.core.engine.engine import Engine, EnginePlan
from ekc_telephony.core.engine.state import EngineState
from ekc_telephony.core.engine.supervisor_requests import Refusal, Request
from ekc_telephony.core.engine.talk_requests import Obstacle
from ekc_telephony.core.engine.wallboard import AgentLine, CallLine, call_line, wallboard_of
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.runtime.driver import Driver
from ekc_telephony.runtime.fact_log import FactLog
from ekc_telephony.runtime.fact_writer import FactWriter
from ekc_telephony.runtime.fallback_intake import FallbackIntake
from ekc_telephony.runtime.health import examine
from ekc_telephony.runtime.journal_codec import Opening
from ekc_telephony.runtime.lateness import Lateness
from ekc_telephony.runtime.outbox import Outbox
from ekc_telephony.runtime.ports import CallControl, FactSink, Witness
from ekc_telephony.runtime.published_texts import PUBLISHED, encode_present
from ekc_telephony.runtime.recorder import Recorder
from ekc_telephony.runtime.recovery import Recalled, recall
from ekc_telephony.runtime.store_keeper import StoreKeeper
from ekc_telephony.runtime.supervisor import SupervisedEngine
from ekc_telephony.settings.asterisk import ARI_APP, auto_answer_headers, outside_endpoints
from ekc_telephony.settings.hours_doubts import holidays_trouble
from ekc_telephony.settings.library import ScriptLibrary
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.plan import engine_plan
from ekc_telephony.settings.routing import acd_of
from ekc_telephony.settings.services import service_specs

STORE_PATIENCE: Final = timedelta(seconds=3)
"""How long the start waits for the store, so that presences are known before the first call."""
STOP_PATIENCE: Final = timedelta(seconds=0.5)
"""How long the last commands may take before the engine goes; what is lost is ordered again."""
CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""How far the engine's clock may be from the machine's before a person is told."""
DRAIN_PATIENCE: Final = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class Node:
    """
    One telephony node's engine; whoever makes one holds the node's lock.

    Args:
        settings: The configuration.
        config_text: What `ekc.yaml` says; kept in the journal, for replays.

    Raises:
        SettingsError: A script cannot be used.
        ScriptStoreError: What is published cannot be read.
        SecretsError: The passwords' file cannot be used.
        SecretMissingError: A service needs a secret that nobody has given us.
        JournalKeyError: The journal was written with another key.
        JournalDamagedError: It cannot be read.
        RecordUnreadableError: It was written by a newer release.
        ClockFileError: The clock that we share with Asterisk cannot be used.
        OSError: The journal's folder cannot be used.
    """

    def __init__(self, settings: Settings, *, config_text: str = "") -> None:
        self._settings = settings
        self._clock = SystemClock(settings.clock_file)
        accounts = frozenset(AgentId(each.account) for each in settings.operators)
        secrets = load_or_create_secrets(settings.secrets_file, settings.accounts)
        specs = service_specs(settings.services, secrets.services)
        recalled = recall(remembered_segments(settings.journal_folder, key=secrets.journal))
        self._planned_on = self._clock.now().date()
        self._library = ScriptLibrary(settings)
        self._library.keep(recalled.texts)
        self._published = PublishedScripts(settings, self._library, clock=self._clock)
        plan = engine_plan(
            settings,
            today=self._planned_on,
            published=self._published.at_start(),
            library=self._library,
        )
        self._engine = Engine(plan, acd_of(settings))
        self._supervised = SupervisedEngine(self._engine)
        self._journal = Journal(settings.journal_folder, key=secrets.journal, clock=self._clock.now)
        self._restored = self._restore(recalled, plan)
        where = str(settings.journal_folder.resolve()).encode()
        mark = hashlib.sha256(where + secrets.journal).hexdigest()[:8]
        self._life = f"{settings.node}-{mark}/{self._clock.now():%y%m%d-%H%M%S.%f}"
        self._config_text = config_text
        self._recorder = Recorder(self._supervised, self._journal, opening=self._opening)
        self._driver = Driver(self._recorder, submit=self._submit, clock=self._clock)
        self._api_key = secrets.api
        client = _ari_client(settings, secrets)
        self._watch = self._published.watch(self._driver.deliver)
        self._control: CallControl = AriCallControl(
            client,
            prompt_language=playing_language,
            outside=outside_endpoints(settings),
            auto_answer=auto_answer_headers(settings),
        )
        self._ari = AriLink(client, life=self._life, clock=self._clock)
        self._rendered = RenderedFolder(
            settings,
            secrets,
            loaded_at=self._ari.asterisk_loaded_at,
            clock_ahead=self._clock.ahead_of_the_machine,
        )
        self._lamps = Lamps(
            client,
            floor=lambda: floor_of(self._engine),
            overloaded_from={QueueId(each.id): each.lamp_overloaded for each in settings.queues},
        )
        self._ami = _ami_link(settings, secrets, accounts=accounts)
        self._store = SqlAppealStore(settings.store_url)
        self._queue_log = QueueLogParts(
            settings, now=self._clock.now(), is_first=not self._restored
        )
        self._writer = FactWriter(
            self._queue_log.beside(self._store),
            clock=self._clock,
            set_aside=settings.set_aside_file,
            on_stored=self._recorder.facts_stored,
        )
        self._keeper = StoreKeeper(
            prepare=partial(migrate, settings.store_url),
            store=self._store,
            writer=self._writer,
            deliver=self._driver.deliver,
            node=settings.node,
            ended=recalled.ended,
            knows_presences=bool(recalled.state.agents),
        )
        self._begin(recalled)
        self._witness: Witness = HangupWitness(settings.hangups_file)
        self._registry = CollectorRegistry()
        self._services = services_of(
            specs,
            deliver=self._driver.deliver,
            clock=self._clock,
            registry=self._registry,
        )
        listeners: tuple[FactSink, ...] = (PrometheusSink(self._registry), FactLog())
        # The lamps are not among the fallback's listeners: what it tells is over.
        self._sinks: tuple[FactSink, ...] = (self._writer, *listeners, self._lamps)
        self._store_of_fallback = SqlAppealStore(settings.store_url)
        self._intake = FallbackIntake(
            SpoolFolder(settings.fallback_spool),
            self._queue_log.beside(self._store_of_fallback),
            clock=self._clock,
            asterisk_started_at=lambda: self._ari.asterisk_started_at,
            witness=self._witness,
            listeners=listeners,
            is_ready=lambda: self._keeper.is_ready,
        )
        self._reconciled = LastReconciliation(settings.store_url)
        self._lateness = Lateness()
        self._outbox: Outbox | None = None
        self.is_serving = asyncio.Event()
        """Asterisk has been seen, and whoever was there has been taken over."""

    def _opening(self, state: EngineState, stored_through: int) -> Opening:
        """Return what a segment of the journal begins with."""
        published = self._engine.plan.published
        in_use = [(each.script or "", each.version) for each in state.sessions]
        self._library.forget_but(in_use, published.texts)
        texts = {**self._library.texts, **published.texts, PUBLISHED: encode_present(published)}
        return Opening(
            release=__version__,
            life=self._life,
            texts={"ekc.yaml": self._config_text} | texts,
            state=state,
            stored_through=stored_through,
        )

    def _restore(self, recalled: Recalled, plan: EnginePlan) -> int:
        """Go on where the engine before this one was; return how many calls it had."""
        if not recalled.state.agents:
            return 0
        return self._supervised.restore(
            recalled.state,
            lambda state: (
                self._library.find(state.script, state.version) or plan.scripts.get(state.did)
            ),
            self._clock.now(),
        )

    def _begin(self, recalled: Recalled) -> None:
        """Let the journal begin this life, and offer the store again what it may not have."""
        unfinished = recalled.unfinished if recalled.state.agents else None
        if unfinished is not None:
            self._supervised.see_as(recalled.state, unfinished.at)
        counts = [(position, len(facts)) for position, facts in recalled.unstored]
        self._recorder.begin(counts, stored_through=recalled.stored_through)
        told = [fact for _, facts in recalled.unstored for fact in facts]
        if unfinished is not None:
            if unfinished.event is not None:  # time of which nothing came leaves no step, either
                kind = type(unfinished.event).__name__
                log.info("the last step of the engine before is taken again", kind=kind)
            told += self._recorder.take_again(unfinished, self._clock.now())
        for fact in told:
            self._writer.record(fact)

    async def run(self, stop: asyncio.Event) -> None:
        """
        Serve calls until `stop` is set, then write what is left and end.

        Raises:
            ExceptionGroup: Of the fatal errors of `AriLink`, `AmiLink` or `serve_pages`.
        """
        async with asyncio.TaskGroup() as keeping:
            keeper = keeping.create_task(self._keeper.run())
            try:
                if not self._restored:  # otherwise what agents declared is known already
                    await self._keeper.wait_ready(STORE_PATIENCE)
                await self._serve(stop)
            finally:  # also when a part ended by a fatal error: no fact is left behind
                await self._writer.drain(DRAIN_PATIENCE)
                keeper.cancel()
                self._recorder.write_up()
                self._journal.close()
        await self._store.close()
        await self._store_of_fallback.close()
        await self._queue_log.close()

    async def _serve(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._outbox = Outbox(self._control, report=self._driver.deliver, tasks=tasks)
            register_numbers(
                self._registry,
                NodeParts(
                    clock=self._clock,
                    engine=self._engine,
                    supervised=self._supervised,
                    driver=self._driver,
                    lateness=self._lateness,
                    outbox=self._outbox,
                    ari=self._ari,
                    ami=self._ami,
                    writer=self._writer,
                    journal=self._journal,
                    intake=self._intake,
                    reconciled=self._reconciled,
                    scripts=self._watch,
                ),
            )
            parts: list[Callable[[], Coroutine[Any, Any, None]]] = [
                self._services.run,
                self._driver.run,
                self._lateness.run,
                partial(self._ari.run, self._deliver),
                partial(self._ami.run, self._driver.deliver),
                self._journal.run,
                self._recorder.run,
                self._intake.run,
                self._lamps.run,
                self._reconciled.run,
                self._watch.run,
                partial(self._rendered.run, self.is_serving),
                self._serve_pages,
            ]
            running = [tasks.create_task(part()) for part in parts]
            await stop.wait()
            self._driver.deliver(EngineStopping())
            await self._outbox.drained(STOP_PATIENCE)
            for task in running:
                task.cancel()

    def _deliver(self, event: Event) -> None:
        """Deliver what Asterisk tells; after a time of blindness with what its own record adds."""
        if not isinstance(event, ControlRegained):
            self._driver.deliver(event)
            return
        self._driver.deliver(self._completed(event))
        self._lamps.relight()
        if not self.is_serving.is_set():
            log.info(
                "adopted",
                seconds_since_start=round(seconds_since_start(), 3),
                restored=self._restored,
                sessions=len(self._engine.sessions),
            )
            self.is_serving.set()

    def _completed(self, event: ControlRegained) -> ControlRegained:
        """Add what Asterisk's own record tells."""
        missing = self._engine.legs() - {live.leg for live in event.legs} - event.elsewhere
        if not missing:
            return event
        since = min(each.registered_at for each in self._engine.sessions.values())
        return replace(event, ended=self._witness.ended(missing, since=since))

    def _submit(self, effects: Sequence[Effect]) -> None:
        """
        Hand commands to whoever carries them out at once, and do everything else right after.

        The outbox sends in the loop's next turn; after it the step is written up and facts are
        told, so that neither holds a caller up (measured: 0.15 ms each between his arrival and the
        ringing).
        """
        assert self._outbox is not None
        for command in commands_of(effects):
            if isinstance(command, AskService):  # no lane: a slow one holds nobody up
                self._services.submit(command)
            else:
                self._outbox.submit(command)
        asyncio.get_running_loop().call_soon(self._write_up_and_tell, facts_of(effects))

    def _write_up_and_tell(self, facts: Sequence[Fact]) -> None:
        self._recorder.write_up()
        for fact in facts:
            for sink in self._sinks:
                sink.record(fact)

    def _clock_trouble(self) -> str | None:
        ahead = self._clock.ahead_of_the_machine()
        if abs(ahead) < CLOCK_TOLERANCE:
            return None
        return (
            f"the machine's clock was set; the node's is {ahead.total_seconds():.0f} s ahead of "
            "it, so that calls go on and durations stay true. When no calls go on: "
            "`systemctl restart ekc.target`"
        )

    def _holidays_trouble(self) -> str | None:
        today = self._clock.now().date()
        return holidays_trouble(self._settings, planned_on=self._planned_on, today=today)

    async def _serve_pages(self) -> None:
        http = self._settings.http
        app = make_app(
            health=lambda: examine(
                {
                    "asterisk": lambda: self._ari.trouble,
                    "ami": lambda: self._ami.trouble,
                    "store": lambda: self._keeper.trouble,
                },
                nets={
                    "guard": lambda: self._ari.heartbeat.guard_trouble,
                    "clock": self._clock_trouble,
                    "clock_of_asterisk": lambda: self._ari.heartbeat.clock_trouble,
                    "journal": lambda: self._journal.trouble,
                    "fallback": lambda: self._intake.trouble,
                    "queue_log": lambda: self._queue_log.trouble,
                    "services": lambda: self._services.trouble,
                    "holidays": self._holidays_trouble,
                    "scripts": lambda: self._watch.trouble,
                    "asterisk_files": lambda: self._rendered.trouble,
                },
            ),
            wallboard=lambda: wallboard_of(self._engine, self._clock.now()),
            registry=self._registry,
            floor=FloorApi(
                key=self._api_key,
                agents=self._engine.acd.agents.keys(),
                declare=self._declare,
                look=self._line_of,
            ),
            supervisors=SupervisorApi(
                key=self._api_key,
                floor=Floor(
                    agents=self._engine.acd.agents.keys(),
                    supervisors=frozenset(
                        AgentId(each.account) for each in self._settings.supervisors
                    ),
                    queues=self._engine.acd.queues.keys(),
                    find_call=self._engine.find_call,
                    grant=self._grant,
                ),
            ),
            transfers=TransferApi(
                key=self._api_key, agents=self._engine.acd.agents.keys(), order=self._transfer
            ),
            scripts=ScriptsApi(
                key=self._api_key,
                take=self._watch.take,
                present=lambda: self._engine.plan.published,
                trouble=lambda: self._watch.trouble,
            ),
        )
        await serve_pages(app, host=str(http.bind), port=http.port)

    def _declare(self, event: PresenceDeclared | WrapUpDeclared) -> AgentLine:
        """Handle what was declared over HTTP; return how the agent is then."""
        self._driver.deliver(event)
        return self._line_of(event.agent)

    def _transfer(self, event: TransferOrdered) -> AgentLine | Obstacle:
        """Handle a transfer that was ordered over HTTP, if nothing stands against it."""
        obstacle = self._engine.obstacle_to(event)
        if obstacle is not None:
            return obstacle
        self._driver.deliver(event)
        return self._line_of(event.agent)

    def _line_of(self, agent: AgentId) -> AgentLine:
        """Return how the agent is."""
        lines = wallboard_of(self._engine, self._clock.now()).agents
        return next(line for line in lines if line.agent == agent)

    def _grant(self, request: Request) -> CallLine | Refusal | None:
        """Handle what a supervisor asked for over HTTP; return how the call is then."""
        refusal = self._engine.refusal(request)
        if refusal is not None:
            return refusal
        call = self._engine.call_of(request)
        self._driver.deliver(request)
        session = None if call is None else self._engine.sessions.get(call)
        return None if session is None else call_line(self._engine, session, self._clock.now())


def _ari_client(settings: Settings, secrets: Secrets) -> AriClient:
    ari = settings.asterisk.ari
    return AriClient(
        AriAccess(
            url=f"http://{ari.bind}:{ari.port}/ari",
            user=CONTROL_ACCOUNT,
            password=secrets.ari,
            application=ARI_APP,
        )
    )


def _ami_link(settings: Settings, secrets: Secrets, *, accounts: Collection[AgentId]) -> AmiLink:
    ami = settings.asterisk.ami
    access = AmiAccess(host=str(ami.bind), port=ami.port, user=CONTROL_ACCOUNT, secret=secrets.ami)
    return AmiLink(access, accounts=accounts)
