"""
What the demo proves beside its calls.

The journal replays to the same decisions, every call goes the same way when it is walked again
through the same script, and Asterisk's own record agrees with the appeals. All are the commands
that people use, run as they would be.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any, Final

from ekc_telephony.adapters.sql.queries import AppealQueries, CallFilter
from lab.node import RunningNode
from lab.runtime import PROJECT

_ALL: Final = 100_000


class ProofError(Exception):
    """A command could not be run to its end; the text holds what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What the commands found."""

    replayed_steps: int
    replay_differences: int
    walked_calls: int
    """Calls that were walked again through the scripts they met."""
    walk_differences: int
    """So many of them would go another way, or cannot be told again."""
    reconciled_calls: int
    """Calls that ended in the last seconds are left out."""
    reconciliation_differences: int

    @property
    def is_good(self) -> bool:
        """Tell whether there was something to prove, and nothing against it."""
        against = self.replay_differences, self.walk_differences, self.reconciliation_differences
        looked_at = self.replayed_steps, self.walked_calls, self.reconciled_calls
        return not any(against) and all(looked_at)

    def in_words(self) -> str:
        """Return it as a line."""
        return (
            f"Journal: {self.replayed_steps} steps replayed, {self.replay_differences} decided "
            f"differently; {self.walked_calls} calls walked again through the same scripts, "
            f"{self.walk_differences} would differ. Asterisk's own record: "
            f"{self.reconciled_calls} calls compared, "
            f"{self.reconciliation_differences} differences."
        )


async def prove(node: RunningNode) -> Proofs:
    """
    Replay the journal, walk its calls again, compare the appeals with Asterisk's record.

    Raises:
        ProofError: A command ended without an answer.
    """
    replayed = await _ekc(node, "replay", str(node.settings.journal_folder))
    scripts = [node.settings.scripts / f"{name}.yaml" for name in await _scripts_met(node)]
    walked = await asyncio.gather(*(_ekc(node, "ivr", "replay", str(each)) for each in scripts))
    reconciled = await _ekc(node, "appeals", "reconcile")
    return Proofs(
        replayed_steps=replayed["steps"],
        replay_differences=replayed["differing"],
        walked_calls=sum(each["calls"] for each in walked),
        walk_differences=sum(each["calls"] - each["same"] for each in walked),
        reconciled_calls=sum(day["calls"] for day in reconciled),
        reconciliation_differences=sum(len(day["differences"]) for day in reconciled),
    )


async def _scripts_met(node: RunningNode) -> list[str]:
    """Return the scripts that calls began with; some number may not have been called."""
    queries = AppealQueries(node.settings.store_url)
    try:
        calls = await queries.newest_calls(CallFilter(), limit=_ALL)
    finally:
        await queries.close()
    return sorted({each.script for each in calls if each.script is not None})


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
