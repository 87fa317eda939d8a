"""The engine's pages tell the truth, to a person and to Prometheus, and no citizen's number."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, TypeVar

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.http.app import PortTakenError, make_app, serve_pages
from ekc_telephony.adapters.prometheus.sink import PrometheusSink, WallboardCollector
from ekc_telephony.core.call.commands import Command
from ekc_telephony.core.call.events import CallArrived
from ekc_telephony.core.engine.engine import Engine
from ekc_telephony.core.engine.wallboard import Wallboard, wallboard_of
from ekc_telephony.core.kernel.ids import CallId, Did
from ekc_telephony.runtime.health import examine
from lab.ports import free_port
from tests.adapters.http.asking import answer_when_there
from tests.core.office import ANNA, NOON, URGENT, engine, seconds

ResultT = TypeVar("ResultT")
NUMBER = "+79161234567"


class Pages:
    """The pages of an engine in which one caller is in the queue «urgent» and rings Anna."""

    def __init__(self) -> None:
        self.troubles: dict[str, str] = {}
        self.engine: Engine = engine(ready=[ANNA])
        self.registry = CollectorRegistry()
        sink = PrometheusSink(self.registry)
        self.registry.register(WallboardCollector(self.board))
        arrived = CallArrived(call=CallId("ekc-1795300000.1"), did=Did("200"), number=NUMBER)
        for effect in self.engine.handle(arrived, NOON):
            if not isinstance(effect, Command):
                sink.record(effect)

    def board(self) -> Wallboard:
        return wallboard_of(self.engine, NOON + seconds(7))

    def app(self) -> Any:
        return make_app(
            health=lambda: examine({"asterisk": lambda: self.troubles.get("asterisk")}),
            wallboard=self.board,
            registry=self.registry,
        )

    def ask(self, page: str) -> tuple[int, str]:
        """Serve the pages, fetch one, and stop serving."""
        port = free_port()
        address = f"http://127.0.0.1:{port}/{page}"

        async def story() -> tuple[int, str]:
            async with asyncio.TaskGroup() as tasks:
                server = tasks.create_task(serve_pages(self.app(), host="127.0.0.1", port=port))
                answer = await asyncio.to_thread(answer_when_there, address)
                server.cancel()
            return answer

        return asyncio.run(story())


def test_a_healthy_engine_says_200() -> None:
    assert Pages().ask("healthz") == (200, '{"is_healthy":true,"troubles":{},"warnings":{}}')


def test_an_engine_that_does_not_see_asterisk_says_503_and_why() -> None:
    pages = Pages()
    pages.troubles["asterisk"] = "it is away"
    status, text = pages.ask("healthz")
    assert status == 503
    assert '"asterisk":"it is away"' in text


def test_the_wallboard_shows_who_waits_and_who_is_offered_but_no_number() -> None:
    status, text = Pages().ask("wallboard")
    board = msgspec.json.decode(text, type=Wallboard)
    assert status == 200
    assert NUMBER not in text
    assert [call.lasting for call in board.calls] == [seconds(7)]
    waiting = {line.queue: line.waiting for line in board.queues}
    assert waiting[URGENT] == 1
    assert sum(waiting.values()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "ekc_calls_registered_total 1.0",
        'ekc_queue_waiting{queue="urgent"} 1.0',
        'ekc_queue_longest_wait_seconds{queue="urgent"} 7.0',
        'ekc_calls{phase="waiting"} 1.0',
        'ekc_segment_seconds_count{kind="ivr",outcome="completed",queue="none"} 1.0',
    ],
)
def test_metrics_count_what_happened_and_show_how_it_is(line: str) -> None:
    status, text = Pages().ask("metrics")
    assert status == 200
    assert line in text.splitlines()
    assert NUMBER not in text


def test_who_did_not_answer_and_is_ready_again_is_counted() -> None:
    pages = Pages()
    sink = PrometheusSink(registry := CollectorRegistry())
    for second in (20, 140):
        for effect in pages.engine.on_time(NOON + seconds(second)):
            if not isinstance(effect, Command):
                sink.record(effect)
    for cause in ("not_answered", "no_answer_over"):
        name = "ekc_presences_changed_by_themselves_total"
        assert registry.get_sample_value(name, {"cause": cause}) == 1


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError, match="is another engine running"):
            asyncio.run(serve_pages(Pages().app(), host="127.0.0.1", port=port))
