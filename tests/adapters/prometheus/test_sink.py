"""What the metrics count of calls in which something went wrong."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.prometheus.sink import PrometheusSink
from tests.adapters.sql.stories import call_story, cut_off_story, rated_story


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


def test_marks_are_counted_and_those_nobody_gave_are_there_from_the_beginning() -> None:
    registry = CollectorRegistry()
    sink = PrometheusSink(registry)
    for fact in (*rated_story("ekc-1.1", "5"), *rated_story("ekc-1.2", None)):
        sink.record(fact)
    marks = [registry.get_sample_value("ekc_ratings_total", {"mark": each}) for each in "12345"]
    assert marks == [0, 0, 0, 0, 1]
    asked = {"kind": "asked_to_rate"}
    assert registry.get_sample_value("ekc_call_notes_total", asked) == 2
