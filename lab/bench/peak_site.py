"""
The installation of `make bench-peak`: the sample `ekc.yaml` and its hotline, as they are shipped.

Changed are only the operators (many, with phones at fixed addresses), the hours (always open, for
a benchmark may run on Sunday), and the first line: no wrap-up, and everything that a busy centre
switches on: easing, a callback offered, places kept, frequent announcements.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from lab.bench.peak_plan import ANNOUNCE_EVERY, CALLBACK_AFTER, EASED_AFTER, PeakPlan
from lab.bench.site import Ports
from lab.node import Document, write_site

QUEUE: Final = "first_line"
DIALLED: Final = "88001000001"
"""The sample's number."""


def write_peak_site(
    folder: Path, plan: PeakPlan, *, ports: Ports, scripts: Path | None = None
) -> Path:
    """
    Write the installation and return its `ekc.yaml`.

    Args:
        folder: Where everything of it lives.
        plan: How many operators and legs there are.
        ports: Its ports.
        scripts: Another folder of scripts than the sample's, with a `hotline.yaml` in it.
    """

    def change(document: Document) -> None:
        document["asterisk"]["rtp"] = {
            "first": ports.rtp[0],
            "last": ports.rtp[0] + 2 * plan.legs - 1,
        }
        for trunk in document["trunks"]:
            trunk["asks_after_calls"] = False  # SIPp's scenario cannot answer
        if scripts is not None:
            document["scripts"] = str(scripts)
        for schedule in document["schedules"].values():
            schedule["weekly"] = {"mon-sun": ["00:00-24:00"]}
            schedule["holidays"] = "none"
            for exception in ("closed", "open"):
                schedule.pop(exception, None)
        for queue in document["queues"]:
            queue["record"] = plan.is_recorded
            queue.update(_FIRST_LINE if queue["id"] == QUEUE else _SECOND_LINE)
        document["operators"] = [
            *(each for each in document["operators"] if each["line"] == "second"),
            *_operators(plan, ports),
        ]

    return write_site(folder, ports=ports, change=change)


def _operators(plan: PeakPlan, ports: Ports) -> Iterator[dict[str, Any]]:
    for number in range(1, plan.operators + 1):
        account = f"op{number:05}"
        yield {
            "account": account,
            "name": f"Оператор {number}",
            "line": "first",
            "skills": {"general": _TRAINED if number % 2 else _BEGINNER},
            "initial_presence": "ready",
            "contact": f"sip:{account}@127.0.0.1:{ports.operators.sip}",
        }


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.0f}s"


_TRAINED: Final = 8
_BEGINNER: Final = 3
_FIRST_LINE: Final = {
    "skills": {"general": 5},
    "ease": [{"after": _seconds(EASED_AFTER), "skills": {"general": _BEGINNER}}],
    "overflow": [{"when": "waited", "after": _seconds(CALLBACK_AFTER), "to": "callback"}],
    "keys": {"1": "callback"},
    "keep_place": "3m",
    "prefer_known": "20s",
    "wrap_up": "0s",
    "announce_every": _seconds(ANNOUNCE_EVERY),
}
_SECOND_LINE: Final = {"overflow": [{"when": "nobody_signed_in", "to": QUEUE}]}
