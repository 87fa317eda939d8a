"""
From Asterisk's rows to citizens' calls.

A citizen's channel comes from a trunk, and its id is the call's. The operators whom the engine rang
for it have channels with ids grown from the call's (`<call>-offer-2`), so each row finds its call.

Asterisk tells a conversation in two rows: the operator's own, which says when he answered and ends
as soon as the two are connected, and the citizen's, which names the operator's channel and ends
with the conversation. An operator who answered and was connected to nobody has the first only.

Rule 1: an operator who answered talks, whatever the engine says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ekc_telephony.adapters.cdr.rows import CdrRow
from ekc_telephony.core.appeals.reconciliation import Witnessed
from ekc_telephony.core.kernel.ids import CallId, LegId

FALLBACK: Final = "fallback"
"""The dialplan's context that serves callers without the engine."""
_OFFER: Final = re.compile(r"(?P<call>.+)-offer-\d+")


def witnessed_calls(
    rows: Iterable[CdrRow],
    *,
    trunks: Collection[str],
    hung_up: Mapping[LegId, datetime] = MappingProxyType({}),
) -> dict[CallId, Witnessed]:
    """
    Put the rows of each citizen's call together.

    Args:
        rows: In any order.
        trunks: The names of the trunks that citizens come from.
        hung_up: When channels ended, as far as known; a citizen's last row may end before.
    """
    of_citizens: dict[CallId, list[CdrRow]] = {}
    of_operators: dict[CallId, list[CdrRow]] = {}
    for row in rows:
        offer = _OFFER.fullmatch(row.leg)
        if offer is not None:
            of_operators.setdefault(CallId(offer["call"]), []).append(row)
        elif row.endpoint in trunks:
            of_citizens.setdefault(CallId(row.leg), []).append(row)
    return {
        call: _witnessed(call, parts, of_operators.get(call, ()), hung_up.get(LegId(call)))
        for call, parts in of_citizens.items()
    }


def _witnessed(
    call: CallId,
    citizen: Sequence[CdrRow],
    operators: Sequence[CdrRow],
    hung_up_at: datetime | None,
) -> Witnessed:
    parted_at = {row.peer: row.ended_at for row in sorted(citizen, key=_end) if row.peer}
    talks = [
        max(row.ended_at, parted_at.get(row.channel, row.ended_at)) - row.answered_at
        for row in operators
        if row.answered_at is not None
    ]
    return Witnessed(
        call=call,
        began_at=min(row.began_at for row in citizen),
        ended_at=hung_up_at or max(row.ended_at for row in citizen),
        longest_talk=max(talks, default=timedelta()),
        was_in_fallback=any(row.context == FALLBACK for row in citizen),
    )


def _end(row: CdrRow) -> datetime:
    return row.ended_at
