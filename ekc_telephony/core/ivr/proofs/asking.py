"""
Proof: every input has a limit of time and of failures, and tells what is asked.

After its prompts a question waits at least a second and at most a minute (S1.24 ends a call after a
minute of silence), and it forgives at most nine failures. `person.py` asks for less than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.ivr.proofs.finding import Code, Finding
from ekc_telephony.core.ivr.proofs.graph import Graph

SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(minutes=1)
MOST_RETRIES: Final = 9


def every_input_is_limited(graph: Graph) -> Iterator[Finding]:
    """Yield every question without a sensible limit."""
    for name, node in graph.program.script.nodes.items():
        if not isinstance(node, core.Menu | core.Collect | core.Question):
            continue
        if not SHORTEST <= node.timeout <= LONGEST:
            yield Finding(
                code=Code.NO_TIMEOUT,
                node=name,
                part=("timeout",),
                found=f"a question that waits {node.timeout.total_seconds():g} s for a key",
                expected="1 to 60 s",
                advice="write `timeout: 5s`; typing from a paper takes `10s`",
            )
        if not 0 <= node.retries <= MOST_RETRIES:
            yield Finding(
                code=Code.NO_RETRY_LIMIT,
                node=name,
                part=("retries",),
                found=f"{node.retries} retries",
                expected=f"0 to {MOST_RETRIES}",
                advice="write `retries: 1`",
            )
        if not node.prompts:
            yield Finding(
                code=Code.NOTHING_ASKED,
                node=name,
                part=("prompts",),
                found="a question without words",
                expected="prompts that say what to press",
                advice="say it in `prompts:`, even where a node before has said it",
            )
