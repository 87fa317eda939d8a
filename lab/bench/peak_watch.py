"""
What can be seen from outside while the peak lasts: `/metrics` and CPU, once a second.

How long the engine takes to answer is its loop's delay, as anybody else would feel it.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from lab.child import cpu_time

PATIENCE_S: Final = 5.0
TOP: Final = 0.9
"""Of the greatest crowd: from here on it is called the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One moment."""

    at: float
    """By the monotonic clock."""
    answer_ms: float
    """How long the engine took; `PATIENCE_S` when it did not answer."""
    levels: Mapping[str, float]
    """What has no labels by name, and `ekc_calls` by phase."""
    cpu: Mapping[str, timedelta]
    """What each program had used until then."""

    def level(self, name: str) -> float:
        """Return a level; a phase in which nobody is has none."""
        return self.levels.get(name, 0.0)

    @property
    def waiting(self) -> int:
        """Callers in menus and queues."""
        return round(self.level("menu") + self.level("waiting"))


def look(url: str, pids: Mapping[str, int]) -> Look:
    """
    Ask the engine, and the kernel.

    Args:
        url: Where the engine's pages are.
        pids: The programs whose CPU is counted.
    """
    began = time.monotonic()
    cpu = {name: cpu_time(pid) for name, pid in pids.items()}
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE_S) as answer:
            page = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return Look(at=began, answer_ms=PATIENCE_S * 1000, levels={}, cpu=cpu)
    took_ms = (time.monotonic() - began) * 1000
    return Look(at=began, answer_ms=took_ms, levels=read_levels(page), cpu=cpu)


def cores_at_the_top(looks: Sequence[Look], program: str) -> float | None:
    """
    Return how many cores a program used while at least `TOP` of the crowd was there.

    None when that was for less than two looks.
    """
    most = max((each.waiting for each in looks), default=0)
    top = [each for each in looks if each.waiting >= TOP * most]
    if len(top) <= 1:
        return None
    first, last = top[0], top[-1]
    return (last.cpu[program] - first.cpu[program]).total_seconds() / (last.at - first.at)


def read_levels(page: str) -> Mapping[str, float]:
    """Read the levels of a page of metrics."""
    levels: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == "ekc_calls":
                levels[sample.labels["phase"]] = sample.value
            elif not sample.labels:
                levels[sample.name] = sample.value
    return levels
