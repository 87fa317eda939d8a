"""
Metrics of lookups: what came of them, how long they took, and which services are left alone.

Rule 1: labels are services and results; never what was asked or answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ekc_telephony.core.call.lookup import LookupFailure, LookupResult
from ekc_telephony.core.kernel.ids import ServiceId

_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30)
"""Seconds: a caller on the line notices half a second, and 3 s is the usual patience."""
_NOT_ASKED: Final = frozenset(
    {
        LookupFailure.BREAKER_OPEN,
        LookupFailure.MISFIT,
        LookupFailure.UNKNOWN_SERVICE,
    }
)
"""Lookups that took no time say nothing about how long they take."""


class ServiceNumbers:
    """
    Counts lookups.

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ekc_service_requests",
            "Lookups at information systems, by what came of them",
            ["service", "result"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ekc_service_seconds",
            "From the question to the answer, with all retries",
            ["service"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._breaker_open = Gauge(
            "ekc_service_breaker_open",
            "1 while an information system is left alone, as it failed again and again",
            ["service"],
            registry=registry,
        )

    def answered(self, service: ServiceId, result: LookupResult, took: timedelta) -> None:
        """Count a lookup."""
        came_of_it = result.outcome if result.failure is None else result.failure
        self._requests.labels(service, came_of_it.value).inc()
        if result.failure not in _NOT_ASKED:
            self._seconds.labels(service).observe(took.total_seconds())

    def watch(
        self, services: Iterable[ServiceId], is_left_alone: Callable[[ServiceId], bool]
    ) -> None:
        """Show whether each service is left alone, whenever Prometheus asks."""
        for service in services:
            self._breaker_open.labels(service).set_function(partial(is_left_alone, service))
