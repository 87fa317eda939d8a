"""The information systems of a node: asked, counted, and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry

from ekc_telephony.adapters.prometheus.services import ServiceNumbers
from ekc_telephony.adapters.services.services import Services
from ekc_telephony.core.call.events import ServiceAnswered
from ekc_telephony.runtime.ports import Clock
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.services import service_specs


def services_of(
    settings: Settings,
    secrets: Mapping[str, str],
    *,
    deliver: Callable[[ServiceAnswered], None],
    clock: Clock,
    registry: CollectorRegistry,
) -> Services:
    """
    Return what carries out lookups.

    Raises:
        SecretMissingError: A service needs a secret that nobody has given us.
    """
    numbers = ServiceNumbers(registry)
    services = Services(
        service_specs(settings.services, secrets),
        deliver=deliver,
        clock=clock,
        on_answer=numbers.answered,
    )
    numbers.watch(services.names, services.is_left_alone)
    return services
