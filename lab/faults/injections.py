"""
The faults, and how each is known to be over.

A fault has two moments after the blow: when the world outside is whole again (a network is back, a
frozen program runs), and when calls are served again. The time between them is ours, and is what
`max_recovery_s` counts; for a blow that is over at once both begin together.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from lab.faults.citizens import Citizens
from lab.faults.faketime import READ_EVERY
from lab.faults.operators import Operator
from lab.faults.proxy import Order
from lab.faults.schedule import FaultKind
from lab.faults.sightings import SeenFault, Span
from lab.faults.stores import Store, Trouble
from lab.faults.world import World

AWAY_S: Final = 8.0
DEAF_S: Final = 8.0
FROZEN_S: Final = 10.0
STORE_TROUBLE_S: Final = 20.0
"""For so long the store is locked, gone or full."""
LONG_STORE_TROUBLE_S: Final = 300.0
"""In the long run."""
WRONG_CLOCK_S: Final = 10.0
NOTICED_WITHIN_S: Final = 5.0
"""An engine that does not see Asterisk must know it by then."""
SECOND_ENGINE_LIMIT_S: Final = 20.0
RECOVERY_LIMIT_S: Final = 40.0
POISON_LIMIT_S: Final = 25.0
_LOOK_S: Final = 0.05
_LOOK_STORE_S: Final = 0.5
_FRESH: Final = 5
"""Facts that wait for their group to be written, at any time."""
_BUG_LOGGED: Final = b"engine raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What an injection saw."""

    whole_at: float | None
    """When the world outside was whole again; None when it was never broken."""
    recovered_at: float | None
    seen: str
    complaint: str | None = None


class Injector:
    """
    Inject faults.

    Args:
        world: The node.
        citizens: The callers, who have to be told of Asterisk's death.
        operators: The phones, likewise.
        store: What can befall its store.
        store_trouble_s: For how long the store is locked, gone or full.
    """

    def __init__(
        self,
        world: World,
        *,
        citizens: Citizens,
        operators: list[Operator],
        store: Store,
        store_trouble_s: float = STORE_TROUBLE_S,
    ) -> None:
        self._world = world
        self._citizens = citizens
        self._operators = operators
        self._store_trouble_s = store_trouble_s
        self._loop = asyncio.get_running_loop()
        self.in_progress: FaultKind | None = None
        self._clock_jump = timedelta(hours=-1)
        self._injections: Mapping[FaultKind, Callable[[], Awaitable[_Outcome]]] = {
            FaultKind.ENGINE_KILL: lambda: self._end_engine(signal.SIGKILL),
            FaultKind.ENGINE_STOP: lambda: self._end_engine(signal.SIGTERM),
            FaultKind.ENGINE_AWAY: self._keep_engine_away,
            FaultKind.SOCKET_CUT: self._cut_socket,
            FaultKind.SOCKET_STALL: self._stall_socket,
            FaultKind.ASTERISK_FREEZE: self._freeze_asterisk,
            FaultKind.ASTERISK_KILL: self._kill_asterisk,
            FaultKind.SECOND_ENGINE: self._start_second_engine,
            FaultKind.POISON: self._poison,
            FaultKind.GUARD_KILL: self._kill_guard,
            FaultKind.CLOCK_JUMP: self._set_clock,
            **{
                kind: partial(self._trouble_store, trouble)
                for kind, trouble in store.troubles.items()
            },
        }

    @property
    def kinds(self) -> frozenset[FaultKind]:
        """What can be injected here."""
        possible = set(self._injections)
        if not self._world.has_guard:
            possible.discard(FaultKind.GUARD_KILL)
        if self._world.clock is None:
            possible.discard(FaultKind.CLOCK_JUMP)
        return frozenset(possible)

    async def inject(self, kind: FaultKind) -> SeenFault:
        """Inject a fault, and return when it is over."""
        world = self._world
        position = world.log_position()
        began = self._loop.time()
        self.in_progress = kind
        try:
            outcome = await self._injections[kind]()
        finally:
            self.in_progress = None
        complaint = outcome.complaint
        if outcome.recovered_at is None and complaint is None:
            complaint = (
                f"calls were not served again within {RECOVERY_LIMIT_S:.0f} s: {world.health}"
            )
        whole_at = began if outcome.whole_at is None else outcome.whole_at
        return SeenFault(
            kind=kind.value,
            span=Span(began=world.moment(began), ended=world.moment(whole_at)),
            recovered_at=(
                None if outcome.recovered_at is None else world.moment(outcome.recovered_at)
            ),
            log_position=position,
            seen=outcome.seen,
            complaint=complaint,
        )

    # --- the engine

    async def _end_engine(self, how: signal.Signals) -> _Outcome:
        engine = self._world.engine
        began = self._loop.time()
        await engine.end(how)
        dead_after = self._loop.time() - began
        await engine.wait_running()
        started = engine.started_at
        is_well = await self._world.wait_healthy(since=started, within=RECOVERY_LIMIT_S)
        now = self._loop.time()
        engine.healthy_after_s = round(now - started, 3)
        return _Outcome(
            whole_at=None,
            recovered_at=now if is_well else None,
            seen=f"dead after {dead_after:.2f} s, healthy {now - started:.2f} s after its start",
        )

    async def _keep_engine_away(self) -> _Outcome:
        engine = self._world.engine
        engine.hold()
        try:
            await engine.end(signal.SIGKILL)
            await asyncio.sleep(AWAY_S)
        finally:
            engine.release()
        await engine.wait_running()
        started = engine.started_at
        is_well = await self._world.wait_healthy(since=started, within=RECOVERY_LIMIT_S)
        now = self._loop.time()
        return _Outcome(
            whole_at=started,
            recovered_at=now if is_well else None,
            seen=f"away {AWAY_S:.0f} s, healthy {now - started:.2f} s after its start",
        )

    async def _start_second_engine(self) -> _Outcome:
        world = self._world
        first, lives = world.engine.pid, world.engine.lives
        connections = world.ari.event_connections
        log = world.settings.state / "second-engine.log"
        with log.open("wb") as output:
            second = await asyncio.create_subprocess_exec(
                "setpriv",
                "--pdeathsig=KILL",
                *map(str, world.engine_command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=world.engine.program.folder,
                start_new_session=True,
            )
        began = self._loop.time()
        status: int | None = None
        try:
            async with asyncio.timeout(SECOND_ENGINE_LIMIT_S):
                status = await second.wait()
        except TimeoutError:
            second.kill()
            await second.wait()
        took = self._loop.time() - began
        is_well = await world.wait_healthy(since=self._loop.time(), within=RECOVERY_LIMIT_S)
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        complaint = None
        if status in {0, None}:
            complaint = f"the second engine was not refused (exit status {status})"
        elif (world.engine.pid, world.engine.lives) != (first, lives):
            complaint = "the first engine was restarted"
        elif world.ari.event_connections != connections:
            complaint = "a connection for Asterisk's events was made: the first one was disturbed"
        return _Outcome(
            whole_at=None,
            recovered_at=self._loop.time() if is_well else None,
            seen=f"refused after {took:.1f} s: {said[-1][:160] if said else 'nothing said'}",
            complaint=complaint,
        )

    async def _poison(self) -> _Outcome:
        log, position = self._world.engine_log, self._world.log_position()
        self._citizens.poison()
        give_up_at = self._loop.time() + POISON_LIMIT_S
        while self._loop.time() < give_up_at:
            if _BUG_LOGGED in _tail(log, position):
                is_well = await self._world.wait_healthy(since=self._loop.time())
                now = self._loop.time()
                return _Outcome(
                    whole_at=now, recovered_at=now if is_well else None, seen="the engine raised"
                )
            await asyncio.sleep(_LOOK_S)
        return _Outcome(
            whole_at=None,
            recovered_at=None,
            seen="the engine did not raise",
            complaint="the exception was not logged; was the key heard?",
        )

    # --- the network between engine and Asterisk

    async def _cut_socket(self) -> _Outcome:
        ari = self._world.ari
        began, connections = self._loop.time(), ari.event_connections
        ari.tell(Order.CUT)
        is_back = await self._until(lambda: ari.event_connections > connections)
        since = self._loop.time()
        is_well = is_back and await self._world.wait_healthy(since=since, within=RECOVERY_LIMIT_S)
        now = self._loop.time()
        return _Outcome(
            whole_at=None,
            recovered_at=now if is_well else None,
            seen=f"events again after {since - began:.2f} s, healthy after {now - began:.2f} s",
        )

    async def _stall_socket(self) -> _Outcome:
        ari = self._world.ari
        ari.tell(Order.DEAF)
        try:
            noticed = await self._noticed_within(DEAF_S)
        finally:
            ari.tell(Order.HEAR)
        whole_at = self._loop.time()
        made = ari.event_connections
        is_back = await self._until(lambda: ari.event_connections > made)
        is_well = is_back and await self._world.wait_healthy(since=self._loop.time())
        now = self._loop.time()
        return _Outcome(
            whole_at=whole_at,
            recovered_at=now if is_well else None,
            seen=f"{_noticed(noticed)}, healthy {now - whole_at:.2f} s after the network was back",
            complaint=_too_late(noticed),
        )

    # --- Asterisk

    async def _freeze_asterisk(self) -> _Outcome:
        world = self._world
        world.asterisk.signal(signal.SIGSTOP)
        try:
            noticed = await self._noticed_within(FROZEN_S)
        finally:
            world.asterisk.signal(signal.SIGCONT)
        whole_at = self._loop.time()
        # What was asked before the thaw may be answered after it; healthy is what stays so.
        is_well = await world.wait_healthy(since=whole_at + 0.2, within=RECOVERY_LIMIT_S)
        now = self._loop.time()
        return _Outcome(
            whole_at=whole_at,
            recovered_at=now if is_well else None,
            seen=f"{_noticed(noticed)}, healthy {now - whole_at:.2f} s after the thaw",
            complaint=_too_late(noticed),
        )

    async def _kill_asterisk(self) -> _Outcome:
        world = self._world
        connections = world.ari.event_connections
        await world.asterisk.end(signal.SIGKILL)
        self._citizens.node_died()
        for operator in self._operators:
            operator.node_died()
        await world.asterisk.wait_running()
        started = world.asterisk.started_at
        is_up = await world.wait_booted()
        booted = self._loop.time()
        is_back = is_up and await self._until(lambda: world.ari.event_connections > connections)
        is_well = is_back and await world.wait_healthy(since=booted, within=RECOVERY_LIMIT_S)
        healthy = self._loop.time()
        # When the phones are back is their own affair, but no fault comes before.
        is_full = await self._until(lambda: self._are_all_registered(started))
        registered = self._loop.time()
        return _Outcome(
            whole_at=booted,
            recovered_at=healthy if is_well else None,
            seen=f"booted in {booted - started:.1f} s, healthy {healthy - booted:.1f} s and phones "
            f"registered {registered - booted:.1f} s later",
            complaint=None if is_full else "not all phones could register again",
        )

    def _are_all_registered(self, since: float) -> bool:
        return all((each.registered_at or 0) > since for each in self._operators)

    # --- the store and the guard

    async def _trouble_store(self, trouble: Trouble) -> _Outcome:
        most, asked = 0.0, self._loop.time()
        async with trouble():
            began = self._loop.time()
            while self._loop.time() < began + self._store_trouble_s:
                most = max(most, await self._backlog() or 0.0)
                await asyncio.sleep(_LOOK_STORE_S)
        whole_at = self._loop.time()
        is_well = await self._is_all_written()
        is_well = is_well and await self._world.wait_healthy(since=self._loop.time())
        now = self._loop.time()
        return _Outcome(
            whole_at=whole_at,
            recovered_at=now if is_well else None,
            seen=f"for {whole_at - began:.0f} s (came about in {began - asked:.1f} s), up to "
            f"{most:.0f} facts waited, all written {now - whole_at:.2f} s after",
            complaint=None if most > _FRESH else "no backlog was seen in ekc_store_backlog",
        )

    async def _is_all_written(self) -> bool:
        give_up_at = self._loop.time() + RECOVERY_LIMIT_S
        while self._loop.time() < give_up_at:
            waiting = await self._backlog()
            # Under load some fact waits always; what came since the lock was lifted is no backlog.
            if waiting is not None and waiting <= _FRESH:
                return True
            await asyncio.sleep(2 * _LOOK_S)
        return False

    async def _backlog(self) -> float | None:
        return await self._world.metric("ekc_store_backlog")

    async def _kill_guard(self) -> _Outcome:
        guard = self._world.guard
        guard.hold()
        try:
            await guard.end(signal.SIGKILL)
            noticed = await self._noticed_within(2 * NOTICED_WITHIN_S, warning="guard")
        finally:
            guard.release()
        await guard.wait_running()
        started = guard.started_at
        is_well = await self._world.wait_healthy(since=started, within=RECOVERY_LIMIT_S)
        now = self._loop.time()
        return _Outcome(
            whole_at=started,
            recovered_at=now if is_well else None,
            seen=f"{_noticed(noticed)}, healthy {now - started:.2f} s after its start",
            complaint=_too_late(noticed, limit_s=2 * NOTICED_WITHIN_S),
        )

    async def _set_clock(self) -> _Outcome:
        """Set the clock wrong by an hour for a while: it jumps twice, there and back."""
        clock = self._world.clock
        assert clock is not None
        self._clock_jump = -self._clock_jump
        hours = self._clock_jump / timedelta(hours=1)
        clock.put(self._clock_jump)
        try:
            noticed = await self._noticed_within(WRONG_CLOCK_S)
        finally:
            clock.put(timedelta())
        await asyncio.sleep(2 * READ_EVERY.total_seconds())
        now = self._loop.time()
        is_well = await self._world.wait_healthy(since=now, within=RECOVERY_LIMIT_S)
        return _Outcome(
            whole_at=now,
            recovered_at=self._loop.time() if is_well else None,
            seen=f"wrong by {hours:+.0f} h for {WRONG_CLOCK_S:.0f} s",
            complaint=None if noticed is None else f"/healthz complained after {noticed:.1f} s",
        )

    # --- waiting

    async def _until(self, is_so: Callable[[], bool]) -> bool:
        give_up_at = self._loop.time() + RECOVERY_LIMIT_S
        while not is_so():
            if self._loop.time() > give_up_at:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def _noticed_within(self, seconds: float, *, warning: str = "") -> float | None:
        """Let the fault last; return after how long the engine called itself unfit, or warned."""
        began, noticed = self._loop.time(), None
        while (now := self._loop.time()) < began + seconds:
            health = self._world.health
            is_told = not health.is_healthy or warning in health.warnings
            if noticed is None and health.seen_at > began and is_told:
                noticed = now - began
            await asyncio.sleep(_LOOK_S)
        return noticed


def _noticed(after: float | None) -> str:
    return "never noticed" if after is None else f"noticed after {after:.1f} s"


def _too_late(after: float | None, *, limit_s: float = NOTICED_WITHIN_S) -> str | None:
    if after is None:
        return "/healthz stayed well all the time"
    return None if after <= limit_s else f"/healthz stayed well for {after:.1f} s"


def _tail(path: Path, position: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(position)
        return file.read()


def describe(fault: SeenFault) -> str:
    """Return a fault in a line."""
    recovery = fault.recovery
    took = "NOT RECOVERED" if recovery is None else f"recovered in {_seconds(recovery)}"
    word = f"  ✗ {fault.complaint}" if fault.complaint else ""
    return f"{fault.kind:16} {took:22} {fault.seen}{word}"


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.2f} s"
