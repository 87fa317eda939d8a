"""The information systems of a node: asked, counted, and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.prometheus.services import ServiceNumbers
from ekc_telephony.adapters.services.services import Services
from ekc_telephony.adapters.services.spec import ServiceSpec
from ekc_telephony.core.call.events import ServiceAnswered
from ekc_telephony.runtime.ports import Clock


def services_of(
    specs: Iterable[ServiceSpec],
    *,
    deliver: Callable[[ServiceAnswered], None],
    clock: Clock,
    registry: CollectorRegistry,
) -> Services:
    """Return what carries out lookups, and counts them."""
    numbers = ServiceNumbers(registry)
    services = Services(
        specs,
        deliver=deliver,
        clock=clock,
        on_answer=numbers.answered,
    )
    numbers.watch(services.names, services.is_left_alone)
    return services
