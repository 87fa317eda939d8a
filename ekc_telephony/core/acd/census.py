"""
How many are signed in and ready for each queue, counted as they change.

Rule 1: whoever serves a queue, at once or after an easing, is counted there once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ekc_telephony.core.kernel.ids import AgentId, QueueId

_UNKNOWN: Final = (False, False)


class Census:
    """
    Count agents.

    Args:
        agents: Who serves each queue.
    """

    def __init__(self, agents: Mapping[QueueId, frozenset[AgentId]]) -> None:
        self._queues: dict[AgentId, list[QueueId]] = {}
        for queue, inside in agents.items():
            for agent in inside:
                self._queues.setdefault(agent, []).append(queue)
        self._ready = dict.fromkeys(agents, 0)
        self._signed_in = dict.fromkeys(agents, 0)
        self._known: dict[AgentId, tuple[bool, bool]] = {}

    def ready(self, queue: QueueId) -> int:
        """Return how many are ready, whatever they do now."""
        return self._ready[queue]

    def signed_in(self, queue: QueueId) -> int:
        """Return how many are signed in."""
        return self._signed_in[queue]

    def count(self, agent: AgentId, *, is_ready: bool, is_signed_in: bool) -> None:
        """Take note of how an agent is."""
        was_ready, was_signed_in = self._known.get(agent, _UNKNOWN)
        if was_ready is is_ready and was_signed_in is is_signed_in:
            return
        self._known[agent] = is_ready, is_signed_in
        for queue in self._queues.get(agent, ()):
            self._ready[queue] += is_ready - was_ready
            self._signed_in[queue] += is_signed_in - was_signed_in
