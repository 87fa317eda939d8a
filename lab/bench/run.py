"""
One run of the benchmark, from the empty folder to the figures.

Everything stands for the whole run: Asterisk, the operators' phones, the engine. Only the callers
come and go, one slice at a time, so that no two targets ever run together. CPU is read before a
slice's first call and after its last appeal was written: work put off is work all the same.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ekc_telephony.adapters.asterisk_conf.conf import Installation
from ekc_telephony.adapters.asterisk_conf.folder import write_folder
from ekc_telephony.adapters.asterisk_conf.render import render
from ekc_telephony.adapters.asterisk_conf.secrets import load_or_create_secrets
from ekc_telephony.settings.asterisk import node_conf
from ekc_telephony.settings.load import load_settings
from lab.asterisk import AsteriskProcess, running_asterisk
from lab.bench.appeals import Appeals, wait_for_appeals
from lab.bench.figures import Measured, Outcome
from lab.bench.machine import Reading
from lab.bench.plan import Plan, Slice, Target
from lab.bench.sipp import operators, place_calls
from lab.bench.site import Site
from lab.child import cpu_time
from lab.node import running_engine
from lab.runtime import Runtime

SETTLING_S: Final = 0.3
"""After a slice: Asterisk frees its channels, writes its records; nothing of it meets the next."""
AT_REST: Final = 0.05
"""Of a core, for Asterisk and the engine together: what a start began is done. With 2,000 operators
their lamps are lit one after the other for the better part of a minute."""
REST_LIMIT_S: Final = 120.0


def run(
    plan: Plan, *, site: Site, runtime: Runtime, on_slice: Callable[[Measured], None]
) -> Outcome:
    """
    Run the whole plan and return what was measured.

    Args:
        plan: What to measure.
        site: What is measured; its folder is empty.
        runtime: Where Asterisk and SIPp are.
        on_slice: Told of every slice, warm-up excepted.

    Raises:
        AsteriskFailedError: Asterisk did not start.
        NodeFailedError: The engine did not start.
        SippError: SIPp could not work.
        WarmUpError: A target connects nobody, or the start's work does not end.
    """
    site.write()
    _render(site)
    with ExitStack() as stack:
        asterisk = stack.enter_context(running_asterisk(site.asterisk, runtime))
        pids = [asterisk.pid, stack.enter_context(operators(runtime, site)).pid]
        bench = _Bench(site=site, runtime=runtime, asterisk=asterisk)
        if Target.ENGINE in plan.targets:
            bench.engine = stack.enter_context(
                running_engine(site.config, load_settings(site.config))
            )
            pids.append(bench.engine.pid)
        for piece in plan.warm_up():
            bench.warm_up(piece)
        bench.wait_for_rest()
        before, measured = Reading.take(pids), list[Measured]()
        for rate in plan.rates:
            for piece in plan.slices(rate):
                measured.append(bench.measure(piece))
                on_slice(measured[-1])
        return Outcome(
            operators=plan.operators,
            slices=measured,
            expected_appeals=bench.expected,
            found_appeals=bench.found,
            warnings=asterisk.warnings(),
            used_by_others=before.used_by_others(Reading.take(pids)),
        )


class WarmUpError(Exception):
    """The first calls failed or nothing comes to rest; the text says where to look."""


@dataclass(slots=True, kw_only=True)
class _Bench:
    """The running parts, and what the store should hold by now."""

    site: Site
    runtime: Runtime
    asterisk: AsteriskProcess
    engine: subprocess.Popen[bytes] | None = None
    expected: Appeals = field(default_factory=lambda: Appeals(calls=0, answered=0))
    found: Appeals = field(default_factory=lambda: Appeals(calls=0, answered=0))
    slices: int = 0

    def warm_up(self, piece: Slice) -> None:
        done = self.measure(piece)
        if done.callers.failed or self.found != self.expected:
            raise WarmUpError(
                f"{piece.target.value}: of the first {piece.calls} calls {done.callers.failed} "
                f"failed, and the store holds {self.found} instead of {self.expected}. "
                f"See slice-*/errors.log, state/engine.log, operators.log and "
                f"asterisk/log/messages in {self.site.folder}."
            )

    def wait_for_rest(self) -> None:
        """
        Wait until a start's work is done.

        Raises:
            WarmUpError: It goes on and on.
        """
        give_up_at = time.monotonic() + REST_LIMIT_S
        while time.monotonic() < give_up_at:
            before = self._cpu_time()
            time.sleep(1)
            if (self._cpu_time() - before).total_seconds() < AT_REST:
                return
        raise WarmUpError(
            f"Asterisk and the engine use more than {AT_REST:.0%} of a core {REST_LIMIT_S:.0f} s "
            f"after the start, though nobody calls. See state/engine.log and "
            f"asterisk/log/messages in {self.site.folder}."
        )

    def _cpu_time(self) -> timedelta:
        engine = cpu_time(self.engine.pid) if self.engine else timedelta()
        return self.asterisk.cpu_time() + engine

    def measure(self, piece: Slice) -> Measured:
        self.slices += 1
        folder = self.site.folder / f"slice-{self.slices:03}-{piece.target.value}-{piece.rate}"
        engine_pid = self.engine.pid if self.engine and piece.target is Target.ENGINE else None
        before = self.asterisk.cpu_time(), cpu_time(engine_pid) if engine_pid else None
        callers = place_calls(self.runtime, self.site, piece, folder)
        time.sleep(SETTLING_S)
        if engine_pid is not None:
            self._look_at_the_store(piece, answered=piece.calls - callers.failed)
        after = self.asterisk.cpu_time(), cpu_time(engine_pid) if engine_pid else None
        return Measured(
            piece=piece,
            callers=callers,
            asterisk_cpu=after[0] - before[0],
            engine_cpu=_difference(after[1], before[1]),
        )

    def _look_at_the_store(self, piece: Slice, *, answered: int) -> None:
        self.expected = Appeals(
            calls=self.expected.calls + piece.calls, answered=self.expected.answered + answered
        )
        self.found = wait_for_appeals(self.site.state / "ekc.sqlite", self.expected)


def _difference(after: timedelta | None, before: timedelta | None) -> timedelta | None:
    return None if after is None or before is None else after - before


def _render(site: Site) -> None:
    settings = load_settings(site.config)
    secrets = load_or_create_secrets(settings.secrets_file, settings.accounts)
    installation = Installation.find(settings.asterisk.root)
    conf = node_conf(settings, secrets, installation=installation)
    write_folder(conf, render(conf))
