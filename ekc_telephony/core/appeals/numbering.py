"""
The number of an appeal, as people say it and as the store keys it.

An appeal is minted the moment its call reaches us, before anything is answered or stored. So its
number is grown from Asterisk's unique id of the caller's channel, `<node>-<epoch>.<count>`: minting
it again after a restart gives the same number, and no two calls of any node share one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from ekc_telephony.core.kernel.ids import AppealId, CallId

_UNIQUE_ID = re.compile(r"(?:(?P<node>[^.]+)-)?(?P<epoch>\d{9,11})\.(?P<count>\d+)")


def appeal_number(call: CallId) -> AppealId:
    """
    Return the number of the appeal that this call opens: `ekc1-261121-094512-17`.

    The parts are the node, the UTC day and second at which the channel was made, and the count of
    channels since Asterisk started. An id of another shape is its own number.
    """
    match = _UNIQUE_ID.fullmatch(call)
    if match is None:
        return AppealId(call)
    node, epoch, count = match.groups()
    number = f"{_second(epoch)}-{count}"
    return AppealId(f"{node}-{number}" if node else number)


@lru_cache(maxsize=8)  # in a busy second many calls reach us, and to spell it is half the work
def _second(epoch: str) -> str:
    return f"{datetime.fromtimestamp(int(epoch), UTC):%y%m%d-%H%M%S}"
