"""What the metrics count of calls in which something went wrong."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.prometheus.sink import PrometheusSink
from tests.adapters.sql.stories import call_story, cut_off_story


def test_disturbances_and_callbacks_are_counted_by_what_they_are() -> None:
    registry = CollectorRegistry()
    sink = PrometheusSink(registry)
    for fact in (*call_story("ekc-1.1"), *cut_off_story("ekc-1.2")):
        sink.record(fact)

    def count(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert count("ekc_disturbances_total", disturbance="asterisk_died") == 1
    assert count("ekc_disturbances_total", disturbance="engine_bug") is None
    assert count("ekc_callbacks_due_total", reason="cut_off") == 1
    assert count("ekc_calls_ended_total", outcome="answered") == 2
