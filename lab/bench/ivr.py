"""
`make bench-ivr`: 100 calls a second through greeting, menu, two keys and goodbye.

What a caller notices is how long a key takes until the next prompt is heard. It is measured on the
wire, for the engine and for the same menu in Asterisk's dialplan, which is the least there is. Both
have turns of a few seconds, one after the other, in the same run.

The environment may say RATE, SECONDS (for each of the two), TARGETS. Everything lies in
`.runtime/ivr/`, the report in `.runtime/reports/ivr.json`. The exit code is 0 when no call of the
engine failed and the 99th percentile of its key-to-prompt times is at most `GOAL`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from rich.console import Console

from lab.bench.figures import percentile
from lab.bench.ivr_callers import Callers, CallTimes
from lab.bench.ivr_site import IvrTarget, write_ivr_site
from lab.bench.machine import Reading
from lab.bench.plan import PlanError
from lab.bench.program import asterisk_version, run_program, write_report
from lab.bench.run import WarmUpError
from lab.bench.site import Ports
from lab.child import cpu_time
from lab.node import RunningNode, running_node
from lab.runtime import Runtime

GOAL: Final = timedelta(milliseconds=150)
"""From a key to the prompt it leads to, 99 times of 100."""
SLICE_S: Final = 5
WARM_UP_RATE: Final = 10
WARM_UP_CALLS: Final = 20
_WIDTH: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class IvrPlan:
    """What is measured."""

    rate: int = 100
    """New calls per second."""
    seconds: int = 30
    """For each target."""
    targets: tuple[IvrTarget, ...] = tuple(IvrTarget)


def plan_of(environment: Mapping[str, str]) -> IvrPlan:
    """
    Read RATE, SECONDS, TARGETS; what is absent keeps its default.

    Raises:
        PlanError: A number is none, or a target is not known.
    """
    usual = IvrPlan()
    named = environment.get("TARGETS", "").split() or [each.value for each in usual.targets]
    if strange := set(named) - {each.value for each in IvrTarget}:
        known = ", ".join(each.value for each in IvrTarget)
        raise PlanError(f"TARGETS: found {', '.join(sorted(strange))}; expected some of: {known}.")
    return IvrPlan(
        rate=_number(environment, "RATE", usual.rate),
        seconds=_number(environment, "SECONDS", usual.seconds),
        targets=tuple(each for each in IvrTarget if each.value in named),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or not int(text):
        raise PlanError(f"{name}: found {text!r}; expected a whole number above zero.")
    return int(text)


def figures(calls: Sequence[CallTimes]) -> dict[str, Any]:
    """Return what is to be told of a target's calls; times in milliseconds."""
    keys = [1000 * each for call in calls for each in call.key_to_prompt]
    greetings = [1000 * each.to_greeting for each in calls if each.to_greeting is not None]
    failures = Counter(each.failure for each in calls if each.failure)
    return {
        "calls": len(calls),
        "failed": sum(failures.values()),
        "failures": dict(failures.most_common()),
        "keys": len(keys),
        "key_to_prompt_ms": _spread(keys),
        "invite_to_greeting_ms": _spread(greetings),
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    found = {name: percentile(values, share) for name, share in shares.items()}
    return {name: None if value is None else round(value, 2) for name, value in found.items()}


def main() -> int:
    """Measure and return the exit code."""
    return run_program(_bench, width=_WIDTH)


def _bench(console: Console) -> bool:
    plan, runtime = plan_of(os.environ), Runtime.find()
    folder = runtime.folder / "ivr"
    shutil.rmtree(folder, ignore_errors=True)
    ports = Ports.find_free()
    config = write_ivr_site(folder, ports=ports)
    with running_node(config, runtime=runtime) as node, closing(Callers(ports)) as callers:
        for target in plan.targets:
            _warm_up(callers, target, config=str(config))
        pids = [node.asterisk.pid, node.engine.pid]
        before = Reading.take(pids)
        done, used = _measure(plan, node, callers, console)
        others = before.used_by_others(Reading.take(pids))
        warnings = node.asterisk.warnings()
    told = {target.value: figures(calls) | used[target] for target, calls in done.items()}
    for name, each in told.items():
        _tell(console, name, each)
    console.print(f"Others used {others:.0%} of the machine meanwhile.", highlight=False)
    content: dict[str, Any] = {
        "asterisk": asterisk_version(runtime),
        "rate": plan.rate,
        "seconds": plan.seconds,
        "goal_ms": GOAL / timedelta(milliseconds=1),
        "used_by_others": round(others, 3),
        "sent_again": callers.resent,
        "warnings": len(warnings),
        "targets": told,
    }
    write_report("ivr", content, runtime=runtime, console=console)
    return all(_is_good(each) for name, each in told.items() if name == IvrTarget.ENGINE.value)


def _is_good(told: Mapping[str, Any]) -> bool:
    p99 = told["key_to_prompt_ms"]["p99"]
    return not told["failed"] and p99 is not None and p99 <= GOAL / timedelta(milliseconds=1)


def _warm_up(callers: Callers, target: IvrTarget, *, config: str) -> None:
    first = callers.call(target, rate=WARM_UP_RATE, calls=WARM_UP_CALLS)
    if failures := Counter(each.failure for each in first if each.failure):
        raise WarmUpError(
            f"{target.value}: of the first {len(first)} calls failed: {dict(failures)}. See "
            f"state/engine.log and asterisk/log/messages beside {config}."
        )


def _measure(
    plan: IvrPlan, node: RunningNode, callers: Callers, console: Console
) -> tuple[dict[IvrTarget, list[CallTimes]], dict[IvrTarget, dict[str, float]]]:
    """Let both have their turns; return their calls, and milliseconds of CPU for each call."""
    done: dict[IvrTarget, list[CallTimes]] = {target: [] for target in plan.targets}
    cpu = {target: [timedelta(), timedelta()] for target in plan.targets}
    left = plan.seconds
    while left > 0:
        lasting = min(SLICE_S, left)
        left -= lasting
        for target in plan.targets:
            before = node.asterisk.cpu_time(), cpu_time(node.engine.pid)
            calls = callers.call(target, rate=plan.rate, calls=plan.rate * lasting)
            cpu[target][0] += node.asterisk.cpu_time() - before[0]
            cpu[target][1] += cpu_time(node.engine.pid) - before[1]
            done[target] += calls
            p99 = figures(calls)["key_to_prompt_ms"]["p99"]
            failed = sum(bool(each.failure) for each in calls)
            console.print(
                f"{plan.rate}/s {target.value:<8} {len(calls)} calls, {failed} failed, "
                f"key to prompt p99 {p99} ms",
                highlight=False,
            )
    return done, {
        target: {
            "asterisk_ms_a_call": round(asterisk / timedelta(milliseconds=1) / len(calls), 2),
            "engine_ms_a_call": round(engine / timedelta(milliseconds=1) / len(calls), 2),
        }
        for target, calls in done.items()
        for asterisk, engine in [cpu[target]]
    }


def _tell(console: Console, name: str, told: Mapping[str, Any]) -> None:
    keys, greeting = told["key_to_prompt_ms"], told["invite_to_greeting_ms"]
    console.print(
        f"{name:>8}: {told['calls']} calls, {told['failed']} failed; key to prompt p50 "
        f"{keys['p50']}, p99 {keys['p99']}, worst {keys['max']} ms; INVITE to greeting p50 "
        f"{greeting['p50']}, p99 {greeting['p99']} ms; CPU for a call: Asterisk "
        f"{told['asterisk_ms_a_call']} ms, engine {told['engine_ms_a_call']} ms",
        highlight=False,
    )


if __name__ == "__main__":
    sys.exit(main())
