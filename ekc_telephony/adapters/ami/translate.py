"""
Contacts' states as «phone reached» and «phone lost»: pure.

A phone is reached while it has at least one contact that is not known to be dead. Asterisk tells of
every contact; we keep, for each account, the addresses that are alive.

Rule 1: a phone that registers again from another address is never lost in between: Asterisk tells
of the new contact before it tells that the old one is removed, and both are kept by their address.
Rule 2: a contact written in pjsip.conf without `qualify_frequency` is taken as alive for ever;
Asterisk knows nothing about it either.
Rule 3: only changes are told, after one complete account at the first list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from ekc_telephony.adapters.ami.client import AmiMessage
from ekc_telephony.core.call.events import PhoneLost, PhoneReached
from ekc_telephony.core.kernel.ids import AgentId

DEAD: Final = frozenset({"Removed", "Unreachable"})
"""States of a contact that cannot be called (ContactStatus, pjsip_options.c)."""
NOBODY_THERE: Final = frozenset({"Unavailable", "Invalid"})
"""Device states of an endpoint that cannot be called (devicestate.c)."""


class Phones:
    """
    Which agents' phones can be reached.

    Args:
        accounts: The accounts that are told about; all others are ignored.
    """

    def __init__(self, accounts: Collection[AgentId]) -> None:
        self._alive: dict[AgentId, set[str]] = {account: set() for account in accounts}
        self._told: dict[AgentId, bool] = {}

    def listed(self, endpoints: Iterable[AmiMessage]) -> list[PhoneReached | PhoneLost]:
        """Take the complete list (`EndpointList`) and return what is news in it."""
        for alive in self._alive.values():
            alive.clear()
        for endpoint in endpoints:
            account = AgentId(str(endpoint.get("ObjectName", "")))
            if account in self._alive and endpoint.get("DeviceState") not in NOBODY_THERE:
                self._alive[account].update(_addresses(str(endpoint.get("Contacts", ""))))
        return [news for account in self._alive for news in self._news_of(account)]

    def changed(self, status: AmiMessage) -> list[PhoneReached | PhoneLost]:
        """Take one `ContactStatus` and return what is news in it."""
        account = AgentId(str(status.get("EndpointName", "")))
        if account not in self._alive:
            return []
        address = str(status.get("URI", ""))
        if status.get("ContactStatus") in DEAD:
            self._alive[account].discard(address)
        else:
            self._alive[account].add(address)
        return self._news_of(account)

    def _news_of(self, account: AgentId) -> list[PhoneReached | PhoneLost]:
        is_reached = bool(self._alive[account])
        if self._told.get(account) is is_reached:
            return []
        self._told[account] = is_reached
        return [PhoneReached(agent=account) if is_reached else PhoneLost(agent=account)]


def _addresses(contacts: str) -> Iterable[str]:
    """Read `account/sip:…,account/sip:…,`, as Asterisk lists contacts."""
    return (contact.partition("/")[2] for contact in contacts.split(",") if contact.strip())
