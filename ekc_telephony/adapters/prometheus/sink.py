"""
Metrics, counted from facts and read off the engine's parts.

Whatever happens to calls is counted from facts, so nothing that routes a call knows a metric. What
is a level rather than a happening (who waits now, how long the backlog is) is read when Prometheus
asks.

Rule 1: labels are queues, outcomes and kinds; never numbers, names or call ids.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from ekc_telephony.core.call.facts import (
    AgentChanged,
    CallbackDue,
    CallDisturbed,
    CallEnded,
    CallNoted,
    CallRegistered,
    Fact,
    NoteKind,
    PromptsNotHeard,
    RecordingLost,
    SegmentEnded,
)
from ekc_telephony.core.call.presence import PresenceCause
from ekc_telephony.core.engine.wallboard import Wallboard
from ekc_telephony.core.stats.opinions import MARKS

_BUCKETS: Final = (0.5, 1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
"""Seconds; the norms of G6 (8, 20, 60, 90 s, 5 min) are among them."""
_NO_QUEUE: Final = "none"


class PrometheusSink:
    """
    Counts facts (a `FactSink`).

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registered = Counter(
            "ekc_calls_registered", "Calls that reached us", registry=registry
        )
        self._ended = Counter(
            "ekc_calls_ended", "Calls by outcome (G7)", ["outcome"], registry=registry
        )
        self._segments = Histogram(
            "ekc_segment_seconds",
            "Duration of segments: ivr, waiting, offer, talk, wrap_up",
            ["kind", "queue", "outcome"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._prompts_not_heard = Counter(
            "ekc_prompts_not_heard",
            "Prompts that a caller who was there did not hear: a file is missing",
            registry=registry,
        )
        self._recordings_lost = Counter(
            "ekc_recordings_lost", "Conversations not or only partly recorded", registry=registry
        )
        self._callbacks_due = Counter(
            "ekc_callbacks_due",
            "Citizens put on the callback list, by reason",
            ["reason"],
            registry=registry,
        )
        self._disturbances = Counter(
            "ekc_disturbances",
            "Calls in which something of ours went wrong, by what it was",
            ["disturbance"],
            registry=registry,
        )

        self._presences = Counter(
            "ekc_presences_changed_by_themselves",
            "Agents made not ready since they did not answer, or ready again after that",
            ["cause"],
            registry=registry,
        )
        self._notes = Counter(
            "ekc_call_notes",
            "What people did in calls, or what was seen in them, by kind",
            ["kind"],
            registry=registry,
        )
        ratings = Counter("ekc_ratings", "Marks for the service", ["mark"], registry=registry)
        # Named ahead: the first bad mark is an increase, too.
        self._ratings = {mark: ratings.labels(mark) for mark in MARKS}

    def record(self, fact: Fact) -> None:
        """Count the fact."""
        match fact:
            case AgentChanged(cause=PresenceCause() as cause):
                self._presences.labels(cause.value).inc()
            case SegmentEnded(kind=kind, outcome=outcome, at=at, started_at=started_at):
                queue = fact.queue or _NO_QUEUE
                seconds = (at - started_at).total_seconds()
                self._segments.labels(kind.value, queue, outcome.value).observe(seconds)
            case CallRegistered():
                self._registered.inc()
            case CallEnded(outcome=outcome):
                self._ended.labels(outcome.value).inc()
            case PromptsNotHeard():
                self._prompts_not_heard.inc()
            case RecordingLost():
                self._recordings_lost.inc()
            case CallbackDue(reason=reason):
                self._callbacks_due.labels(reason.value).inc()
            case CallNoted():
                self._note(fact)
            case CallDisturbed(disturbance=disturbance):
                self._disturbances.labels(disturbance.value).inc()
            case _:
                pass

    def _note(self, fact: CallNoted) -> None:
        self._notes.labels(fact.kind.value).inc()
        if fact.kind is NoteKind.RATED and fact.reason in self._ratings:
            self._ratings[fact.reason].inc()


def register_levels(
    registry: CollectorRegistry, levels: Mapping[str, tuple[str, Callable[[], float]]]
) -> None:
    """
    Register what is read rather than counted.

    Args:
        registry: Where.
        levels: Name of the metric → what it means, and what to read.
    """
    for name, (meaning, read) in levels.items():
        Gauge(name, meaning, registry=registry).set_function(read)


class WallboardCollector(Collector):
    """
    Shows the wallboard to Prometheus.

    Args:
        wallboard: Reads it.
    """

    def __init__(self, wallboard: Callable[[], Wallboard]) -> None:
        self._wallboard = wallboard

    @override
    def collect(self) -> Iterable[Metric]:
        board = self._wallboard()
        waiting = GaugeMetricFamily("ekc_queue_waiting", "Callers who wait", labels=["queue"])
        longest = GaugeMetricFamily(
            "ekc_queue_longest_wait_seconds", "Of those who wait now", labels=["queue"]
        )
        for line in board.queues:
            waiting.add_metric([line.queue], line.waiting)
            longest.add_metric([line.queue], line.longest_wait.total_seconds())
        agents = GaugeMetricFamily(
            "ekc_agents", "Agents by state", labels=["presence", "activity", "reachable"]
        )
        states = Counts(
            (each.presence.value, each.activity.value, str(each.is_reachable).lower())
            for each in board.agents
        )
        for state, count in states.items():
            agents.add_metric(list(state), count)
        calls = GaugeMetricFamily("ekc_calls", "Calls by phase", labels=["phase"])
        for phase, count in Counts(each.phase.value for each in board.calls).items():
            calls.add_metric([phase], count)
        return [waiting, longest, agents, calls]
