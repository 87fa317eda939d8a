"""What Prometheus reads off the parts of a node when it asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.ami.link import AmiLink
from ekc_telephony.adapters.ari.link import AriLink
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.journal.journal import Journal
from ekc_telephony.adapters.prometheus.sink import WallboardCollector, register_levels
from ekc_telephony.adapters.sql.connection import StoreUrlError
from ekc_telephony.adapters.sql.queries import AppealQueries, Reconciliation
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.wallboard import wallboard_of
from ekc_telephony.runtime.driver import Driver
from ekc_telephony.runtime.fact_writer import FactWriter
from ekc_telephony.runtime.fallback_intake import FallbackIntake
from ekc_telephony.runtime.lateness import Lateness
from ekc_telephony.runtime.outbox import Outbox
from ekc_telephony.runtime.ports import StoreUnavailableError
from ekc_telephony.runtime.scripts_watch import ScriptsWatch
from ekc_telephony.runtime.supervisor import SupervisedEngine

LOOK_EVERY: Final = timedelta(minutes=1)


class LastReconciliation:
    """
    What `ekc appeals reconcile` found last: it runs by itself, and leaves a row in the store.

    Args:
        store_url: The store.
    """

    def __init__(self, store_url: str) -> None:
        self._store_url = store_url
        self._found: Reconciliation | None = None

    @property
    def differences(self) -> int:
        """How many differences; -1 before the first run."""
        return -1 if self._found is None else self._found.differences

    def age_s(self, now: datetime) -> float:
        """Return how long ago it ran, in seconds; -1 before the first run."""
        return -1 if self._found is None else (now - self._found.checked_at).total_seconds()

    async def run(self) -> None:
        """Look once a minute; cancel to stop."""
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            try:
                queries = AppealQueries(self._store_url)
                try:
                    self._found = await queries.last_reconciliation()
                finally:
                    await queries.close()
            except (StoreUnavailableError, StoreUrlError):
                continue  # the writer says what is wrong with the store


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """The parts that have numbers to show."""

    clock: SystemClock
    engine: Engine
    supervised: SupervisedEngine
    driver: Driver
    lateness: Lateness
    outbox: Outbox
    ari: AriLink
    ami: AmiLink
    writer: FactWriter
    journal: Journal
    intake: FallbackIntake
    reconciled: LastReconciliation
    scripts: ScriptsWatch


def register_numbers(registry: CollectorRegistry, parts: NodeParts) -> None:
    """Register what is read when Prometheus asks."""
    registry.register(WallboardCollector(lambda: wallboard_of(parts.engine, parts.clock.now())))
    register_levels(
        registry,
        {
            "ekc_engine_bugs": (
                "Sessions that our own bugs ended",
                lambda: parts.supervised.bugs,
            ),
            "ekc_engine_inbox": ("Events that wait", lambda: parts.driver.backlog),
            "ekc_engine_late_seconds": (
                "How late the event loop was at worst in the last minute",
                lambda: parts.lateness.worst_s,
            ),
            "ekc_engine_outbox": ("Commands that wait or run", lambda: parts.outbox.backlog),
            "ekc_commands_refused": ("Commands not carried out", lambda: parts.outbox.refused),
            "ekc_ari_up": ("1 when we see Asterisk", lambda: float(parts.ari.is_up)),
            "ekc_ari_connections": ("Connections made so far", lambda: parts.ari.connections),
            "ekc_forwarded_calls_ended": (
                "Calls that nobody ordered: a phone forwarded (302), and we hung up on them",
                lambda: parts.ari.forwards.ended,
            ),
            "ekc_ami_up": ("1 when AMI is connected", lambda: float(parts.ami.is_up)),
            "ekc_store_backlog": ("Facts not stored yet", lambda: parts.writer.backlog_size),
            "ekc_store_oldest_seconds": (
                "Age of the oldest fact not stored yet",
                lambda: parts.writer.oldest_age().total_seconds(),
            ),
            "ekc_store_failures": ("Times it took no facts", lambda: parts.writer.failures),
            "ekc_journal_lost": (
                "Steps that the journal could not take",
                lambda: parts.journal.lost,
            ),
            "ekc_clock_off_seconds": (
                "How far the machine's clock is from the node's: it was set meanwhile",
                lambda: abs(parts.clock.ahead_of_the_machine().total_seconds()),
            ),
            "ekc_clock_of_asterisk_off_seconds": (
                "How far Asterisk's clock is from the engine's, which should be the same",
                lambda: abs(parts.ari.heartbeat.asterisk_ahead.total_seconds()),
            ),
            "ekc_guard_up": (
                "1 when the guard is alive",
                lambda: float(parts.ari.heartbeat.guard_trouble is None),
            ),
            "ekc_fallback_waiting": (
                "Calls of the fallback that are not appeals yet",
                lambda: parts.intake.waiting,
            ),
            "ekc_fallback_taken": (
                "Calls of the fallback that became appeals",
                lambda: parts.intake.taken,
            ),
            "ekc_reconciliation_differences": (
                "What the last comparison with Asterisk's own record found; -1 before the first",
                lambda: parts.reconciled.differences,
            ),
            "ekc_reconciliation_age_seconds": (
                "How long ago that was; -1 before the first",
                lambda: parts.reconciled.age_s(parts.clock.now()),
            ),
            "ekc_scripts_publication": (
                "The number of the publication that new calls begin in",
                lambda: parts.scripts.number,
            ),
            "ekc_scripts_refused": (
                "1 when what is published cannot be used, and new calls go on in what was before",
                lambda: float(parts.scripts.trouble is not None),
            ),
            "ekc_store_set_aside": (
                "Facts it refused for good",
                lambda: parts.writer.facts_set_aside,
            ),
        },
    )
