"""
Runs the proof from the first process to the report.

Rule 1: whatever is started is gone when `run` returns, cancelled or not.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from ekc_telephony.core.call.presence import Activity, Presence
from ekc_telephony.core.engine.wallboard import Wallboard
from lab.faults.afterwards import left_behind, reconcile, unexpected
from lab.faults.checker import check
from lab.faults.citizens import Citizens, Town
from lab.faults.evidence import Evidence, Rule, Violation
from lab.faults.faketime import WallClock, find_library
from lab.faults.injections import LONG_STORE_TROUBLE_S, STORE_TROUBLE_S, Injector, describe
from lab.faults.operators import Office, Operator
from lab.faults.picture import draw
from lab.faults.report import Verdict, as_json
from lab.faults.rtp import Pace
from lab.faults.schedule import FaultKind, schedule
from lab.faults.sightings import SeenCall, SeenFault, SeenOffer, Sightings, Span
from lab.faults.stored import count_open, read_store
from lab.faults.stores import Store
from lab.faults.world import DID, World, accounts, running_world, write_world
from lab.ports import PortBlock
from lab.runtime import Runtime

POPULATION: Final = 42
"""Callers at once; about ten of them talk, the others are in all the states before."""
LOAD: Final = 30
"""No fault comes while there are fewer callers: an Asterisk kill empties the house."""
WARM_UP_LIMIT: Final = timedelta(seconds=40)
REFILL_LIMIT: Final = timedelta(seconds=20)
LONG_RUN: Final = timedelta(minutes=30)
"""From here on the store is locked, gone or full for five minutes at a time."""
_LAST_CALLS_S: Final = 25.0
"""After the last fault the callers live on for so long, then those who are left hang up."""
_SETTLE_LIMIT_S: Final = 30.0
_LOOK_S: Final = 1.0
_STATUS_EVERY: Final = 10
_STUCK_LIMIT_S: Final = 10.0
"""An operator whom the engine takes for busy while his phone rests is stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run."""

    lasting: timedelta
    seed: int
    kinds: frozenset[FaultKind]
    population: int
    is_recorded: bool
    store: Store
    folder: Path
    console: Console


@dataclass(slots=True)
class _Notebook:
    """What is seen while it runs."""

    calls: list[SeenCall] = field(default_factory=list)
    offers: list[SeenOffer] = field(default_factory=list)
    faults: list[SeenFault] = field(default_factory=list)
    population: list[tuple[datetime, int, int]] = field(default_factory=list)
    extra: list[Violation] = field(default_factory=list)
    stalls: list[Span] = field(default_factory=list)

    def sightings(self) -> Sightings:
        return Sightings(
            calls=tuple(self.calls),
            offers=tuple(self.offers),
            faults=tuple(self.faults),
            population=tuple(self.population),
            stalls=tuple(self.stalls),
        )


class Proof:
    """
    One run: people, faults, and a look now and then.

    Args:
        order: What to run.
        world: The node, which runs.
        tasks: Keeps everybody's tasks.
    """

    def __init__(self, order: Order, world: World, tasks: asyncio.TaskGroup) -> None:
        self.notebook = _Notebook()
        self._order = order
        self._world = world
        self._tasks = tasks
        self._pace = Pace()
        self._loop = asyncio.get_running_loop()
        self._stuck_since: dict[str, float] = {}
        self._deaths: dict[str, int] = {}
        self._resting: list[asyncio.Task[None]] = []
        town = Town(
            node=world.sip,
            did=DID,
            accounts=accounts(),
            moment=world.moment,
        )
        self.citizens = Citizens(
            town, seed=order.seed, pace=self._pace, on_seen=self.notebook.calls.append
        )
        office = Office(
            node=world.sip,
            plans=self.citizens.met,
            moment=world.moment,
            ready_code=world.settings.feature_codes.ready,
            on_seen=self.notebook.offers.append,
            start=self._start,
        )
        self.operators = [
            Operator(
                account,
                world.secrets.operators[account],
                number=number,
                office=office,
                pace=self._pace,
                seed=order.seed,
            )
            for number, account in enumerate(accounts())
        ]
        is_long = order.lasting >= LONG_RUN
        self.injector = Injector(
            world,
            citizens=self.citizens,
            operators=self.operators,
            store=order.store,
            store_trouble_s=LONG_STORE_TROUBLE_S if is_long else STORE_TROUBLE_S,
        )

    async def run(self) -> None:
        """Let people call, inject faults until the time is over, and let the last call end."""
        calling = self.open()
        await self.until_under_load(WARM_UP_LIMIT, callers=LOAD, talking=6)
        await self._inject_until(self._loop.time() + self._order.lasting.total_seconds())
        self._tell("the last callers …")
        self.citizens.close()
        try:
            async with asyncio.timeout(_LAST_CALLS_S):
                await asyncio.shield(calling)
        except TimeoutError:
            self.citizens.hang_up_all()
            await calling
        await self._settle()

    def open(self) -> asyncio.Task[None]:
        """Let operators sit down and citizens call; return what lasts as long as they do."""
        self._rest(self._pace.run())
        for operator in self.operators:
            self._rest(operator.run())
        self._rest(self._watch())
        return self._tasks.create_task(self.citizens.run(self._order.population))

    def close(self) -> None:
        """Let go of all phones."""
        moment = self._world.moment
        self.notebook.stalls += [
            Span(began=moment(each.began), ended=moment(each.ended)) for each in self._pace.stalls
        ]
        for task in self._resting:
            task.cancel()

    async def until_under_load(self, limit: timedelta, *, callers: int, talking: int) -> None:
        """Wait until so many callers are there, in all states; but not for ever."""
        give_up_at = self._loop.time() + limit.total_seconds()
        while self._loop.time() < give_up_at:
            is_full = self.citizens.present >= min(callers, self._order.population)
            if is_full and self.citizens.talking >= talking:
                return
            await asyncio.sleep(0.2)

    async def _inject_until(self, end: float) -> None:
        kinds = self._order.kinds & self.injector.kinds
        if not kinds:
            await asyncio.sleep(max(0.0, end - self._loop.time()))
            return
        for planned in schedule(self._order.seed, kinds):
            if self._loop.time() + planned.after.total_seconds() > end:
                return
            await asyncio.sleep(planned.after.total_seconds())
            await self.until_under_load(REFILL_LIMIT, callers=LOAD, talking=4)
            fault = await self.injector.inject(planned.kind)
            self.notebook.faults.append(fault)
            self._tell(describe(fault))

    async def _settle(self) -> None:
        """Wait until the store has everything: wrap-ups are over, the spool is taken in."""
        give_up_at = self._loop.time() + _SETTLE_LIMIT_S
        spool = self._world.settings.asterisk_folder / "spool" / "ekc"
        while self._loop.time() < give_up_at:
            board = await self._board()
            waiting = await self._world.metric("ekc_store_backlog")
            is_quiet = board is not None and not board.calls and not _busy(board) and waiting == 0
            has_spool = spool.exists() and any(
                each.suffix in {".json", ".begun"} for each in spool.iterdir()
            )
            if is_quiet and not has_spool and not await count_open(self._world.settings.store_url):
                return
            await asyncio.sleep(0.3)
        board = await self._board()
        self._complain(
            f"after {_SETTLE_LIMIT_S:.0f} s the node was not at rest: "
            + (
                "no wallboard"
                if board is None
                else f"{len(board.calls)} calls on the wallboard, busy: {_busy(board)}, "
                f"spool: {[each.name for each in spool.iterdir()] if spool.exists() else []}"
            )
        )

    async def _watch(self) -> None:
        """Look at the population and at the wallboard once a second."""
        turn = 0
        while True:
            turn += 1
            now = self._world.now()
            present, talking = self.citizens.present, self.citizens.talking
            self.notebook.population.append((now, present, talking))
            board = await self._board()
            if board is not None:
                self._look_for_stuck(board)
                await self._call_back_to_duty(board)
            self._look_for_deaths()
            if turn % _STATUS_EVERY == 0:
                self._status(board, present, talking)
            await asyncio.sleep(_LOOK_S)

    def _status(self, board: Wallboard | None, present: int, talking: int) -> None:
        waiting = "?" if board is None else str(sum(each.waiting for each in board.queues))
        self._tell(
            f"  … {present} callers, {talking} talking, {waiting} waiting; "
            f"{len(self.notebook.calls)} calls over, {len(self.notebook.faults)} faults"
        )

    def _look_for_deaths(self) -> None:
        """Complain of programs that ended by themselves."""
        world = self._world
        for keeper in (world.asterisk, world.engine, world.guard):
            if keeper.unplanned_ends > self._deaths.get(keeper.program.name, 0):
                self._deaths[keeper.program.name] = keeper.unplanned_ends
                last = keeper.exits[-1]
                self._complain(f"{keeper.program.name} ended by itself, exit status {last}")

    def _look_for_stuck(self, board: Wallboard) -> None:
        """Complain of operators whom the engine takes for busy while their phones rest."""
        now = self._loop.time()
        resting = {each.account for each in self.operators if not each.is_on_the_phone}
        taken = {Activity.TALKING, Activity.RESERVED}
        for agent in board.agents:
            is_stuck = agent.activity in taken and agent.agent in resting
            if not is_stuck or self.injector.in_progress is not None or not board.is_connected:
                self._stuck_since.pop(agent.agent, None)
            elif now - self._stuck_since.setdefault(agent.agent, now) > _STUCK_LIMIT_S:
                self._stuck_since[agent.agent] = now + 3600
                self._complain(
                    f"{agent.agent} is {agent.activity.value} for the engine; his phone rests"
                )

    async def _call_back_to_duty(self, board: Wallboard) -> None:
        """Let operators who see that they are not ready dial the code."""
        for agent in board.agents:
            if agent.presence is not Presence.READY and agent.activity is Activity.IDLE:
                for operator in self.operators:
                    if operator.account == agent.agent and not operator.is_on_the_phone:
                        self._start(operator.declare_ready())

    async def _board(self) -> Wallboard | None:
        page = await self._world.page("wallboard")
        try:
            return None if page is None else msgspec.json.decode(page, type=Wallboard)
        except msgspec.DecodeError:
            return None

    def _complain(self, what: str) -> None:
        self.notebook.extra.append(
            Violation(
                rule=Rule.HOUSEKEEPING,
                what=what,
                at=self._world.now(),
                log_position=self._world.log_position(),
            )
        )
        self._tell(f"✗ {what}")

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._rest(work)

    def _rest(self, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work)
        self._resting.append(task)
        task.add_done_callback(self._resting.remove)

    def _tell(self, text: str) -> None:
        self._order.console.print(
            f"{self._world.now():%H:%M:%S} {text}", highlight=False, markup=False, soft_wrap=True
        )


def make_world(order: Order, runtime: Runtime) -> World:
    """Write a node into the scratch folder."""
    ports = PortBlock.find_free()
    config, settings, secrets = write_world(
        order.folder, ports=ports, is_recorded=order.is_recorded, store_url=order.store.url
    )
    return World(
        config,
        settings=settings,
        secrets=secrets,
        ports=ports,
        runtime=runtime,
        clock=_wall_clock(order, runtime),
    )


def _wall_clock(order: Order, runtime: Runtime) -> WallClock | None:
    """Return a clock that can be set, where one is wanted and can be had."""
    library = find_library(runtime.folder)
    if library is None or FaultKind.CLOCK_JUMP not in order.kinds:
        return None
    clock = WallClock(library=library, shift=order.folder / "clock-shift")
    clock.put(timedelta())
    return clock


async def run(order: Order, runtime: Runtime) -> Verdict:
    """
    Run the proof.

    Raises:
        WorldFailedError: The node did not start.
    """
    world = make_world(order, runtime)
    async with running_world(world):
        began = world.now()
        async with proving(order, world) as proof:
            await proof.run()
        ended = world.now()
        stored = await read_store(world.settings.store_url)
        notebook = proof.notebook
        notebook.extra += await reconcile(world)
    notebook.extra += [
        Violation(rule=Rule.HOUSEKEEPING, what=what, at=ended)
        for what in (
            *left_behind(order.folder),
            *unexpected(world.engine_log, poisons=_poisons(notebook.faults)),
        )
    ]
    evidence = Evidence(sightings=notebook.sightings(), stored=stored, extra=notebook.extra)
    return Verdict(
        evidence=evidence,
        violations=check(evidence),
        minutes=(ended - began) / timedelta(minutes=1),
        seed=order.seed,
        span=Span(began=began, ended=ended),
    )


@asynccontextmanager
async def proving(order: Order, world: World) -> AsyncIterator[Proof]:
    """Have people around the node until the block is left."""
    async with asyncio.TaskGroup() as tasks:
        proof = Proof(order, world, tasks)
        yield proof
        proof.close()


def _poisons(faults: list[SeenFault]) -> int:
    return sum(fault.kind == FaultKind.POISON.value for fault in faults)


def _busy(board: Wallboard) -> list[str]:
    return [
        f"{agent.agent} {agent.activity.value}"
        for agent in board.agents
        if agent.activity is not Activity.IDLE
    ]


def write_report(verdict: Verdict, reports: Path) -> Path:
    """Write faults.json and faults.svg, and return the path of the first."""
    reports.mkdir(parents=True, exist_ok=True)
    path = reports / "faults.json"
    text = json.dumps(as_json(verdict), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    (reports / "faults.svg").write_text(draw(verdict), encoding="utf-8")
    return path


def chosen_kinds(text: str) -> frozenset[FaultKind]:
    """
    Return the kinds named in a list with commas; all when it is empty.

    Raises:
        SystemExit: One is not known.
    """
    names = [each.strip() for each in text.split(",") if each.strip()]
    known = {kind.value: kind for kind in FaultKind}
    wrong = [name for name in names if name not in known and name != "none"]
    if wrong:
        sys.exit(f"FAULTS: found {', '.join(wrong)}; expected some of {', '.join(known)}, or none")
    return (
        frozenset(known[name] for name in names if name != "none")
        if names
        else frozenset(FaultKind)
    )
