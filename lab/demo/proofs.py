"""
What the demo proves beside its calls.

The journal replays to the same decisions, and Asterisk's own record agrees with the appeals.
Both are the commands that people use, run as they would be.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

from lab.node import RunningNode
from lab.runtime import PROJECT


class ProofError(Exception):
    """A command could not be run to its end; the text holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What the commands found."""

    replayed_steps: int
    replay_differences: int
    reconciled_calls: int
    """Calls that ended in the last seconds are left out."""
    reconciliation_differences: int

    @property
    def is_good(self) -> bool:
        """Tell whether there was something to prove, and nothing against it."""
        nothing_against = not self.replay_differences and not self.reconciliation_differences
        return nothing_against and self.replayed_steps > 0 and self.reconciled_calls > 0

    def in_words(self) -> str:
        """Return it as a line."""
        return (
            f"Journal: {self.replayed_steps} steps replayed, {self.replay_differences} decided "
            f"differently. Asterisk's own record: {self.reconciled_calls} calls compared, "
            f"{self.reconciliation_differences} differences."
        )


async def prove(node: RunningNode) -> Proofs:
    """
    Replay the journal and compare the appeals with Asterisk's record.

    Raises:
        ProofError: A command ended without an answer.
    """
    replayed = await _ekc(node, "replay", str(node.settings.journal_folder))
    reconciled = await _ekc(node, "appeals", "reconcile")
    return Proofs(
        replayed_steps=replayed["steps"],
        replay_differences=replayed["differing"],
        reconciled_calls=sum(day["calls"] for day in reconciled),
        reconciliation_differences=sum(len(day["differences"]) for day in reconciled),
    )


async def _ekc(node: RunningNode, *arguments: str) -> Any:
    command = [sys.executable, "-m", "ekc_telephony", *arguments]
    process = await asyncio.create_subprocess_exec(
        *(*command, "--json", "--config", str(node.config)),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, complaint = await process.communicate()
    try:
        return json.loads(answer)
    except ValueError:
        raise ProofError(
            f"`ekc {' '.join(arguments)}` ended with {process.returncode}: "
            f"{complaint.decode(errors='replace')}"
        ) from None
