"""
`make bench-listening`: what it costs to listen whether citizens and operators speak.

Talks with real sound stand for the whole run. In each round Asterisk's CPU time is read while
nobody is listened to (`TALK_DETECT`), while citizens are, and while both are; the order turns from
round to round. Shares are taken within a round and their median is told, so a machine that is busy
with something else for a while disturbs little. The engine is told who speaks and is measured, too.

The environment may say TALKS, ROUNDS, RECORD (0: no). Everything lies in `.runtime/listening/`, the
report in `.runtime/reports/listening.json`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from statistics import median
from typing import Any, Final

from rich.console import Console

from lab.asterisk import AsteriskProcess
from lab.bench.listening_site import ListeningPlan, talks, write_listening_site
from lab.bench.peak_watch import look
from lab.bench.plan import PlanError
from lab.bench.program import asterisk_version, run_program, write_report
from lab.bench.site import Ports
from lab.node import NodeFailedError, RunningNode, running_node
from lab.runtime import Runtime

_PLAIN_WIDTH: Final = 120
_BEGIN_LIMIT_S: Final = 90
_SETTLING_S: Final = 1.0
"""After Asterisk was told whom to listen to."""


class Mode(Enum):
    """Who is listened to."""

    NOBODY = "nobody"
    CITIZENS = "citizens"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Milliseconds of CPU for a second of one talk."""

    asterisk_ms: float
    engine_ms: float


def main() -> int:
    """Measure and return the exit code."""
    return run_program(_listening, width=_PLAIN_WIDTH)


def plan_of(environment: Mapping[str, str]) -> ListeningPlan:
    """
    Read TALKS, ROUNDS, RECORD; what is absent keeps its default.

    Raises:
        PlanError: One of the first two is no whole number above zero.
    """
    usual = ListeningPlan()
    return ListeningPlan(
        talks=_number(environment, "TALKS", usual.talks),
        rounds=_number(environment, "ROUNDS", usual.rounds),
        is_recorded=environment.get("RECORD", "").strip() != "0",
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or not int(text):
        raise PlanError(f"{name}: found {text!r}; expected a whole number above zero.")
    return int(text)


def summary(rounds: Sequence[Mapping[Mode, Cost]]) -> dict[str, dict[str, float]]:
    """Return the medians of each mode, and of what it adds to a talk that nobody listens to."""
    return {
        mode.value: {
            "asterisk_ms": median(each[mode].asterisk_ms for each in rounds),
            "engine_ms": median(each[mode].engine_ms for each in rounds),
            "asterisk_share": median(
                each[mode].asterisk_ms / each[Mode.NOBODY].asterisk_ms - 1 for each in rounds
            ),
            "asterisk_added_ms": median(
                each[mode].asterisk_ms - each[Mode.NOBODY].asterisk_ms for each in rounds
            ),
            "engine_added_ms": median(
                each[mode].engine_ms - each[Mode.NOBODY].engine_ms for each in rounds
            ),
        }
        for mode in Mode
    }


@dataclass(slots=True, kw_only=True)
class _Bench:
    """The talks that stand."""

    plan: ListeningPlan
    node: RunningNode
    legs: Mapping[str, Sequence[str]]
    heard: set[str] = field(default_factory=lambda: set(_HEARD[Mode.BOTH]))
    """The engine has ordered it for both."""

    def round(self, turn: int) -> dict[Mode, Cost]:
        modes = [*Mode]
        first = turn % len(modes)
        return {mode: self._measure(mode) for mode in modes[first:] + modes[:first]}

    def _measure(self, mode: Mode) -> Cost:
        for side in self.heard ^ _HEARD[mode]:
            verb = "set" if side in _HEARD[mode] else "remove"
            for leg in self.legs[side]:
                self.node.asterisk.command(f'dialplan set chanvar {leg} TALK_DETECT({verb}) ""')
        self.heard = set(_HEARD[mode])
        time.sleep(_SETTLING_S)
        before = self._clocks()
        time.sleep(self.plan.phase.total_seconds())
        at, asterisk, engine = (
            later - earlier for later, earlier in zip(self._clocks(), before, strict=True)
        )
        lasted = at * self.plan.talks / 1000
        return Cost(asterisk_ms=asterisk / lasted, engine_ms=engine / lasted)

    def _clocks(self) -> tuple[float, float, float]:
        pids = self.node.asterisk.pid, self.node.engine.pid
        asterisk, engine = (time.clock_gettime(_cpu_clock(pid)) for pid in pids)
        return time.monotonic(), asterisk, engine


def _cpu_clock(pid: int) -> int:
    """Return the kernel's clock of a process' CPU (clock_getcpuclockid(3)): to the nanosecond."""
    return ~pid << 3 | 2


def _listening(console: Console) -> bool:
    plan, runtime = plan_of(os.environ), Runtime.find()
    folder = runtime.folder / "listening"
    shutil.rmtree(folder, ignore_errors=True)
    ports = Ports.find_free()
    config = write_listening_site(folder, plan, ports=ports)
    rounds: list[dict[Mode, Cost]] = []
    with running_node(config, runtime=runtime) as node, talks(runtime, folder, plan, ports=ports):
        _wait_until_they_talk(node, plan)
        bench = _Bench(plan=plan, node=node, legs=_legs(node.asterisk))
        for turn in range(plan.rounds):
            rounds.append(bench.round(turn))
            told = (f"{mode.value} {cost.asterisk_ms:.2f}" for mode, cost in rounds[-1].items())
            console.print(f"{turn + 1}: ms per s of talk: {', '.join(told)}", highlight=False)
        still = look(node.url, {}).level("talking")
    shutil.rmtree(folder / "asterisk" / "spool" / "recording", ignore_errors=True)
    found = summary(rounds)
    for mode, figures in found.items():
        console.print(
            f"{mode:>8}: Asterisk {figures['asterisk_ms']:.2f} ms per second of talk "
            f"({figures['asterisk_share']:+.1%}), engine {figures['engine_ms']:.2f} "
            f"({figures['engine_added_ms']:+.2f} ms)",
            highlight=False,
        )
    content: dict[str, Any] = {
        "asterisk": asterisk_version(runtime),
        "talks": plan.talks,
        "rounds": plan.rounds,
        "is_recorded": plan.is_recorded,
        "modes": found,
    }
    write_report("listening", content, runtime=runtime, console=console)
    return still == plan.talks


def _wait_until_they_talk(node: RunningNode, plan: ListeningPlan) -> None:
    give_up_at = time.monotonic() + _BEGIN_LIMIT_S
    while (talking := look(node.url, {}).level("talking")) < plan.talks:
        if time.monotonic() > give_up_at:
            raise NodeFailedError(
                f"found {talking:.0f} talks after {_BEGIN_LIMIT_S} s, expected {plan.talks}; see "
                f"sipp-*/errors.log beside {node.config}"
            )
        time.sleep(1)


def _legs(asterisk: AsteriskProcess) -> dict[str, list[str]]:
    lines = asterisk.command("core show channels concise").splitlines()
    channels = [line.partition("!")[0] for line in lines if line.startswith("PJSIP/")]
    operators = [each for each in channels if each.startswith("PJSIP/op")]
    return {
        "citizen": [each for each in channels if each not in operators],
        "operator": operators,
    }


_HEARD: Final[Mapping[Mode, frozenset[str]]] = {
    Mode.NOBODY: frozenset(),
    Mode.CITIZENS: frozenset({"citizen"}),
    Mode.BOTH: frozenset({"citizen", "operator"}),
}


if __name__ == "__main__":
    sys.exit(main())
