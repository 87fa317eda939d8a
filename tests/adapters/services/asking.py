"""How the tests of lookups ask: one spec with nothing unusual, and a clock that is set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ekc_telephony.adapters.services.spec import BreakerRule, Method, ServiceSpec
from ekc_telephony.core.kernel.ids import RequestId, ServiceId
from tests.virtual_time import EPOCH

SERVICE: Final = ServiceId("status")
REQUEST: Final = RequestId("ekc-1.1-ask-1")
LONG: Final = timedelta(seconds=20)
"""Longer than anything takes on a busy machine."""
SHORT: Final = timedelta(seconds=0.3)
"""For what is never answered."""
PAUSE: Final = timedelta(seconds=30)
RULE: Final = BreakerRule(failures=3, pause=PAUSE)


def spec_of(url: str, **other: Any) -> ServiceSpec:
    """Return a service that is asked by POST, once, and believed by its status."""
    usual = {
        "service": SERVICE,
        "method": Method.POST,
        "headers": {},
        "patience": LONG,
        "retries": 0,
        "is_safe": False,
        "at_once": 20,
        "breaker": RULE,
        "found_by": None,
        "secret": None,
        "ca_file": None,
    }
    return ServiceSpec(**{"url": url, **usual, **other})


@dataclass(slots=True)
class Watch:
    """A clock (`Clock`) that moves when it is told to."""

    moment: datetime = EPOCH

    def now(self) -> datetime:
        """Return where it stands."""
        return self.moment
