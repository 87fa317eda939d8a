"""
Many days of one scenario, or of two on the same traffic, in as many processes as one likes.

Rule 1: the answer does not depend on the number of processes.
Rule 2: two policies meet the same callers in the same replication; what differs between them is
estimated from the differences of pairs, which is far sharper than the difference of two means.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from ekc_telephony.simulation.day import simulate_day
from ekc_telephony.simulation.estimate import Estimate, estimate
from ekc_telephony.simulation.figures import Figure, Figures, Measured
from ekc_telephony.simulation.load import Playable

Estimates: TypeAlias = Mapping[Figure, Estimate]
Watch: TypeAlias = Callable[[float], None]
"""Is told from time to time how many days are over; a part of one counts, too."""
CONFIDENCE: Final = 0.95
_LOOK_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One day to simulate."""

    playable: Playable
    traffic: Playable
    """Whose callers call."""
    seed: int
    replication: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all replications of one scenario say together."""

    title: str
    replications: int
    confidence: float
    total: Estimates
    queues: Mapping[str, Estimates]
    stretches: Mapping[int, Estimates]
    cpu_s: float
    """What all of it cost."""
    happenings: int


def replicate(
    policies: Sequence[Playable],
    *,
    replications: int,
    seed: int,
    jobs: int,
    watch: Watch | None = None,
) -> list[list[Measured]]:
    """
    Simulate all days; the traffic is that of the first policy.

    Args:
        policies: One, or those to compare.
        replications: How many days of each.
        seed: For the dice.
        jobs: How many processes at once.
        watch: Whoever wants to know how far it is.

    Returns:
        For each policy its days, in the order of replications.
    """
    tasks = [
        Task(playable=policy, traffic=policies[0], seed=seed, replication=replication)
        for policy in policies
        for replication in range(replications)
    ]
    tell = watch or _nobody
    days = list(_one_by_one(tasks, tell) if jobs == 1 else _at_once(tasks, jobs, tell))
    return [days[first : first + replications] for first in range(0, len(days), replications)]


def report_of(
    playable: Playable, days: Sequence[Measured], *, confidence: float = CONFIDENCE
) -> Report:
    """Return what the days say together."""
    return Report(
        title=playable.scenario.title,
        replications=len(days),
        confidence=confidence,
        total=_estimates([each.total for each in days], confidence),
        queues={
            queue: _estimates([each.queues.get(queue, {}) for each in days], confidence)
            for queue in sorted({queue for each in days for queue in each.queues})
        },
        stretches={
            number: _estimates([each.stretches.get(number, {}) for each in days], confidence)
            for number in sorted({number for each in days for number in each.stretches})
        },
        cpu_s=sum(each.cpu_s for each in days),
        happenings=sum(each.happenings for each in days),
    )


def differences(
    days: Sequence[Measured], others: Sequence[Measured], *, confidence: float = CONFIDENCE
) -> Estimates:
    """Return how much the other policy's days differ, pair by pair."""
    pairs = [_difference(one.total, other.total) for one, other in zip(days, others, strict=True)]
    return _estimates(pairs, confidence)


def _difference(one: Figures, other: Figures) -> Figures:
    return {
        figure: None
        if (was := one.get(figure)) is None or (now := other.get(figure)) is None
        else now - was
        for figure in Figure
    }


def _estimates(days: Sequence[Figures], confidence: float) -> Estimates:
    estimates = {
        figure: estimate((each.get(figure) for each in days), confidence=confidence)
        for figure in Figure
    }
    return {figure: each for figure, each in estimates.items() if each is not None}


def _nobody(_over: float) -> None:
    """Watch nothing."""


def _tell_share(watch: Watch, over: int, share: float) -> None:
    watch(over + share)


def _one_by_one(tasks: Sequence[Task], watch: Watch) -> Iterator[Measured]:
    for number, task in enumerate(tasks):
        yield _simulate(task, partial(_tell_share, watch, number))
        watch(number + 1)


def _at_once(tasks: Sequence[Task], jobs: int, watch: Watch) -> Iterable[Measured]:
    # A forked child would inherit the thread that paints the progress, asleep with its locks held.
    context = multiprocessing.get_context("spawn")
    over = context.Array("d", len(tasks), lock=False)
    with ProcessPoolExecutor(
        max_workers=min(jobs, len(tasks)),
        mp_context=context,
        initializer=_begin_to_work,
        initargs=(over,),
    ) as pool:
        futures: list[Future[Measured]] = [
            pool.submit(_simulate_and_tell, task, number) for number, task in enumerate(tasks)
        ]
        running = set(futures)
        while running:
            _, running = wait(running, timeout=_LOOK_EVERY_S, return_when=FIRST_EXCEPTION)
            watch(sum(over))
        return [each.result() for each in futures]


class _Worker:
    """What a worker process knows besides its task."""

    over: MutableSequence[float]
    """Which share of each day is over; the process that started it looks at it, too."""


def _begin_to_work(over: MutableSequence[float]) -> None:
    """Let Ctrl-C end a worker without a word; the process that started it says enough."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _Worker.over = over


def _simulate_and_tell(task: Task, number: int) -> Measured:
    measured = _simulate(task, partial(_note, number))
    _note(number, 1.0)
    return measured


def _note(number: int, share: float) -> None:
    _Worker.over[number] = share


def _simulate(task: Task, watch: Watch | None = None) -> Measured:
    return simulate_day(
        task.playable,
        seed=task.seed,
        replication=task.replication,
        traffic=task.traffic,
        watch=watch,
    )
