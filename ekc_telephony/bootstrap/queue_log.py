"""Puts the queue_log together, as far as the configuration asks for it."""

from __future__ import annotations

from datetime import datetime

from ekc_telephony.adapters.queue_log.file import QueueLogFile
from ekc_telephony.adapters.sql.queue_log import SqlQueueLog
from ekc_telephony.core.kernel.ids import AgentId, QueueId
from ekc_telephony.core.queue_log.ledger import QueueLedger
from ekc_telephony.runtime.ports import AppealStore
from ekc_telephony.runtime.queue_log_feed import QueueLogFeed, QueueLogOutput
from ekc_telephony.settings.models import Settings


class QueueLogParts:
    """
    The queue_log of one node, or nothing at all.

    Args:
        settings: The configuration.
        now: When this life of the engine begins.
        is_first: Whether no call goes on from the life before.
    """

    def __init__(self, settings: Settings, *, now: datetime, is_first: bool) -> None:
        self._file: QueueLogFile | None = None
        self._table: SqlQueueLog | None = None
        self._feed: QueueLogFeed | None = None
        asked = settings.queue_log
        if not (asked.file or asked.table):
            return
        self._table = SqlQueueLog(settings.store_url, node=settings.node)
        outputs: list[QueueLogOutput] = []
        if asked.file:
            self._file = QueueLogFile(settings.queue_log_file)
            outputs.append(self._file)
        if asked.table:
            outputs.append(self._table)
        self._feed = QueueLogFeed(
            _ledger(settings),
            outputs=outputs,
            memory=self._table,
            life_began_at=now,
            is_first=is_first,
        )

    @property
    def trouble(self) -> str | None:
        """Why the file is not written just now; None when all is well."""
        return None if self._file is None else self._file.trouble

    def beside(self, store: AppealStore) -> AppealStore:
        """Return the store, in front of which rows are written if they are asked for."""
        return store if self._feed is None else self._feed.beside(store)

    async def close(self) -> None:
        """Let go of the file and the connection."""
        if self._file is not None:
            self._file.close()
        if self._table is not None:
            await self._table.close()


def _ledger(settings: Settings) -> QueueLedger:
    return QueueLedger(
        {
            AgentId(operator.account): [
                QueueId(queue.id) for queue in settings.queues if operator.may_serve(queue)
            ]
            for operator in settings.operators
        },
        initial={AgentId(each.account): each.initial_presence for each in settings.operators},
    )
