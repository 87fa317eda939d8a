"""
What can be seen of a node from outside: the engine's pages, the store, what phones hear.

An onlooker reads the wallboard, the metrics and the health, asks the engine over HTTP as a program
does, reads what the store knows of a call, and looks for prompts in the sound of a phone.

Rule 1: looking changes nothing; only `ask_engine` can, if it is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from ekc_telephony.adapters.asterisk_conf.secrets import Secrets
from ekc_telephony.adapters.sql.queries import AppealQueries, CallFilter, CallHistory, CallSummary
from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.engine.wallboard import AgentLine, Wallboard
from ekc_telephony.core.kernel.ids import PromptKey
from ekc_telephony.runtime.health import Health
from ekc_telephony.settings.library import shelves
from ekc_telephony.settings.models import Settings
from lab.hearing import Match, Sound, find_prompt
from lab.phones.line import Line
from lab.waiting import PATIENCE, NotInTimeError, eventually


def told(history: CallHistory) -> list[str]:
    """Return the segments of a call in words: `offer ivanova refused`."""
    return [
        " ".join(
            part
            for part in (each.kind.value, each.agent, each.outcome.value if each.outcome else "?")
            if part
        )
        for each in sorted(history.segments, key=lambda each: each.segment)
    ]


class Onlooker:
    """
    Somebody who looks at one node.

    Args:
        settings: What its `ekc.yaml` says.
        secrets: Its passwords.
    """

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self.settings = settings
        self._secrets = secrets
        self._http: aiohttp.ClientSession | None = None

    # --- the engine

    async def board(self) -> Wallboard:
        """Return the wallboard of this moment."""
        return msgspec.json.decode(await self._page("wallboard"), type=Wallboard)

    async def until(
        self, is_so: Callable[[Wallboard], bool], *, within: timedelta = PATIENCE, what: str = ""
    ) -> Wallboard:
        """Wait until the wallboard shows it, and return the wallboard."""
        last: list[Wallboard] = []

        async def look() -> Wallboard | None:
            last[:] = [await self.board()]
            return last[0] if is_so(last[0]) else None

        try:
            return await eventually(look, within=within, what=what)
        except NotInTimeError as late:
            raise NotInTimeError(f"{late}; the wallboard: {last}") from None

    async def until_agent(
        self, account: str, is_so: Callable[[AgentLine], bool], *, within: timedelta = PATIENCE
    ) -> AgentLine:
        """Wait until the wallboard shows it of an operator, and return his line."""
        board = await self.until(
            lambda board: any(each.agent == account and is_so(each) for each in board.agents),
            within=within,
            what=account,
        )
        return next(each for each in board.agents if each.agent == account)

    async def until_waiting(
        self, callers: int, *, queue: str, within: timedelta = PATIENCE
    ) -> None:
        """Wait until so many callers stand in a queue."""
        await self.until(
            lambda board: any(q.queue == queue and q.waiting == callers for q in board.queues),
            within=within,
            what=f"{callers} waiting in {queue}",
        )

    async def ask_engine(
        self, method: str, page: str, said: Mapping[str, object]
    ) -> tuple[int, Any]:
        """Ask the engine for something over HTTP, with the key; return status and answer."""
        http = self.settings.http
        assert self._http is not None
        async with self._http.request(
            method,
            f"http://{http.bind}:{http.port}/{page}",
            json=dict(said),
            headers={"Authorization": f"Bearer {self._secrets.api}"},
        ) as answer:
            return answer.status, await answer.json()

    async def health(self) -> Health:
        """Return what `/healthz` says."""
        return msgspec.json.decode(await self._page("healthz"), type=Health)

    async def metric(self, name: str) -> float:
        """Return a metric, summed over its labels."""
        text = (await self._page("metrics")).decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        )

    # --- the store

    async def calls_of(self, number: str) -> list[CallSummary]:
        """Return the calls from a number that the store knows, newest first."""
        queries = AppealQueries(self.settings.store_url)
        try:
            return await queries.newest_calls(CallFilter(number=number), limit=10)
        finally:
            await queries.close()

    async def newest_calls(self) -> list[CallSummary]:
        """Return the newest calls that the store knows, newest first."""
        queries = AppealQueries(self.settings.store_url)
        try:
            return await queries.newest_calls(CallFilter(), limit=500)
        finally:
            await queries.close()

    async def history(self, number: str, *, within: timedelta = PATIENCE) -> CallHistory:
        """
        Wait until the only call from a number is over, wrap-up included, and return it.

        Raises:
            NotInTimeError: It is not over.
            AssertionError: There is not exactly one call, of one appeal.
        """

        async def look() -> CallHistory | None:
            calls = await self.calls_of(number)
            assert len(calls) <= 1, calls
            history = await self.history_of(calls[0]) if calls else None
            if history is None or history.summary.outcome is None:
                return None
            is_open = any(each.outcome is None for each in history.segments)
            return None if is_open else history

        return await eventually(look, within=within, what=f"the end of the call from {number}")

    async def outcome_of(self, number: str, *, within: timedelta = PATIENCE) -> CallOutcome:
        """
        Wait until the only call from a number is over, and return what became of it.

        Raises:
            NotInTimeError: It is not over.
            AssertionError: There is not exactly one call, of one appeal.
        """

        async def look() -> CallOutcome | None:
            calls = await self.calls_of(number)
            assert len(calls) <= 1, calls
            return (await self.history_of(calls[0])).summary.outcome if calls else None

        return await eventually(look, within=within, what=f"the end of the call from {number}")

    async def history_of(self, summary: CallSummary) -> CallHistory:
        """Return what the store knows of a call now."""
        queries = AppealQueries(self.settings.store_url)
        try:
            appeal = await queries.find(summary.appeal)
        finally:
            await queries.close()
        assert appeal is not None
        assert len(appeal.calls) == 1, appeal
        return appeal.calls[0]

    # --- what phones hear

    def prompt(self, key: str) -> Sound:
        """Return a prompt as it is played in Russian."""
        file = shelves(self.settings).find(PromptKey(key))
        return Sound.read(file or self.settings.sounds / "ru" / f"{key}.wav")

    async def hears(
        self,
        line: Line,
        wanted: str | Sound,
        *,
        patience: timedelta = PATIENCE,
        since: timedelta = timedelta(),
    ) -> None:
        """
        Wait until a phone has heard a sound.

        Args:
            line: The call at that phone.
            wanted: A prompt by its key, or any other sound.
            patience: For how long.
            since: What was heard before does not count.

        Raises:
            NotInTimeError: It was not heard.
        """
        sound = self.prompt(wanted) if isinstance(wanted, str) else wanted

        if await line.hear(sound, patience=patience, since=since) is None:
            is_over = ", which is over" if line.ended.is_set() else ""
            name = wanted if isinstance(wanted, str) else "a sound"
            raise NotInTimeError(
                f"not within {patience.total_seconds():g} s: {name} in {line.recording}{is_over}"
            )

    def was_heard(self, line: Line, key: str) -> Match:
        """Return where a prompt is in what a phone has heard so far."""
        return find_prompt(line.heard_so_far, self.prompt(key))

    async def _page(self, name: str) -> bytes:
        http = self.settings.http
        assert self._http is not None
        async with self._http.get(f"http://{http.bind}:{http.port}/{name}") as answer:
            return await answer.read()
