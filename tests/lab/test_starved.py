"""What a busy machine withholds from a process is counted, so that it can be taken off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from lab.child import Starved

BURNS_S = 0.2
PROGRAM = f"""
import sys, time
print(flush=True)
sys.stdin.readline()
while time.process_time() < {BURNS_S}: pass
print(flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def two_on_one_cpu() -> Iterator[list[subprocess.Popen[str]]]:
    """Run two programs that share a CPU, and burn it for a while when they are told to."""
    cpu = str(min(os.sched_getaffinity(0)))
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    ["taskset", "--cpu-list", cpu, sys.executable, "-c", PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for each in both:
            assert each.stdout is not None
            each.stdout.readline()
        yield both
        for each in both:
            each.kill()


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    print(file=process.stdin, flush=True)


def test_who_shares_a_cpu_waits_for_it_while_the_other_has_it(
    two_on_one_cpu: list[subprocess.Popen[str]],
) -> None:
    starved = Starved(*(each.pid for each in two_on_one_cpu))
    for each in two_on_one_cpu:
        say(each)
    for each in two_on_one_cpu:
        assert each.stdout is not None
        each.stdout.readline()
    # Whoever is first to have had his share has seen the other one have nearly as much.
    assert starved.so_long_s > BURNS_S / 2
    assert Starved.since_start(two_on_one_cpu[0].pid).so_long > timedelta()


def test_a_process_that_is_gone_adds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert Starved(gone.pid).so_long == timedelta()
