"""
The number of an appeal, as people say it and as the store keys it.

An appeal is minted the moment its call reaches us, before anything is answered or stored. So its
number is grown from Asterisk's unique id of the caller's channel, `<node>-<epoch>.<count>`: minting
it again after a restart gives the same number, and no two calls of any node share one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

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
    made_at = datetime.fromtimestamp(int(match["epoch"]), UTC)
    number = f"{made_at:%y%m%d-%H%M%S}-{match['count']}"
    return AppealId(f"{match['node']}-{number}" if match["node"] else number)
