"""
Erlang C and Erlang A: what theory says of one queue, to measure the simulator by.

Both describe a queue with Poisson arrivals, exponential conversations and `agents` equal operators.
In Erlang C (M/M/n) callers wait for ever; in Erlang A (M/M/n+M) each has an exponential patience.
Both are computed from the stationary distribution of the number of callers in the system.

Sources: A. K. Erlang (1917); C. Palm (1946); O. Garnett, A. Mandelbaum, M. Reiman, «Designing a
Call Center with Impatient Customers», M&SOM 4(3), 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_NEGLIGIBLE: Final = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """One queue in its steady state."""

    waits: float
    """Share of callers who have to wait at all, 0 to 1."""
    abandons: float
    """Share of callers who hang up before an answer."""
    mean_wait: timedelta
    """Of all callers, those who need not wait and those who hang up included."""
    speed_of_answer: timedelta
    """Mean wait of those who are answered (ASA)."""
    occupancy: float
    """Share of the operators' time that is spent in conversations."""


def erlang_c(*, calls_per_hour: float, talk: timedelta, agents: int) -> Queueing:
    """
    Return the steady state with patience without end.

    Raises:
        ValueError: There is none: more work comes in than the operators can do.
    """
    load = calls_per_hour / 3600 * talk.total_seconds()
    if load >= agents:
        raise ValueError(
            f"found {load:.2f} erlangs for {agents} operators; expected less work than operators"
        )
    occupancy = load / agents
    blocked = _erlang_b(load, agents)
    waits = blocked / (1 - occupancy * (1 - blocked))
    speed = talk * (waits / (agents - load))
    return Queueing(
        waits=waits, abandons=0.0, mean_wait=speed, speed_of_answer=speed, occupancy=occupancy
    )


def served_within(queueing: Queueing, target: timedelta) -> float:
    """Return the share of Erlang C's callers who are answered within the target, 0 to 1."""
    if not queueing.waits:
        return 1.0
    of_those_who_wait = queueing.mean_wait / queueing.waits
    return 1 - queueing.waits * math.exp(-(target / of_those_who_wait))


def erlang_a(
    *, calls_per_hour: float, talk: timedelta, agents: int, patience: timedelta
) -> Queueing:
    """Return the steady state with exponential patience of this mean; it always exists."""
    arrival = calls_per_hour / 3600
    ends, gives_up = 1 / talk.total_seconds(), 1 / patience.total_seconds()
    in_service = [1.0]
    for number in range(1, agents + 1):
        in_service.append(in_service[-1] * arrival / (number * ends))
        if in_service[-1] > 1 / _NEGLIGIBLE:
            in_service = [each / in_service[-1] for each in in_service]
    waiting = [in_service.pop()]
    while waiting[-1] > _NEGLIGIBLE * max(waiting) or len(waiting) < agents:
        leaving = agents * ends + len(waiting) * gives_up
        waiting.append(waiting[-1] * arrival / leaving)
    total = sum(in_service) + sum(waiting)
    queue = sum(number * each for number, each in enumerate(waiting)) / total
    mean_wait = queue / arrival
    abandons = gives_up * mean_wait
    return Queueing(
        waits=sum(waiting) / total,
        abandons=abandons,
        mean_wait=timedelta(seconds=mean_wait),
        speed_of_answer=timedelta(
            seconds=_waited_by_served(waiting, agents * ends, gives_up) / total / (1 - abandons)
        ),
        occupancy=arrival * (1 - abandons) / (ends * agents),
    )


def _waited_by_served(waiting: list[float], all_end: float, gives_up: float) -> float:
    """
    Return the waiting of those who are served at last, weighted by how likely each state is.

    Who finds k callers waiting is served after k + 1 departures, the j-th of which comes at the
    rate r_j = nμ + jθ. With V the sum of these times, he is served with probability
    φ = E[e^(−θV)] = r_0 / r_(k+1), and waits E[V e^(−θV)] = φ · Σ 1/(r_j + θ).
    """
    result = so_far = 0.0
    for number, weight in enumerate(waiting):
        next_rate = all_end + (number + 1) * gives_up
        so_far += 1 / next_rate
        result += weight * (all_end / next_rate) * so_far
    return result


def _erlang_b(load: float, agents: int) -> float:
    blocked = 1.0
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked
