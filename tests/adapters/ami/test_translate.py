"""Contacts' states as «phone reached» and «phone lost»."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.adapters.ami.translate import Phones
from ekc_telephony.core.call.events import PhoneLost, PhoneReached
from ekc_telephony.core.kernel.ids import AgentId

AGENT = AgentId("agent1")


def status(address: str, state: str, account: str = AGENT) -> dict[str, str]:
    return {"EndpointName": account, "URI": address, "ContactStatus": state}


def listed(contacts: str, state: str = "Not in use") -> dict[str, str]:
    return {"ObjectName": AGENT, "Contacts": contacts, "DeviceState": state}


def test_a_phone_that_never_registered_is_lost_from_the_start() -> None:
    assert Phones([AGENT]).listed([]) == [PhoneLost(agent=AGENT)]
    assert Phones([AGENT]).listed([listed("", "Unavailable")]) == [PhoneLost(agent=AGENT)]


def test_a_contact_of_the_configuration_counts_as_reached() -> None:
    phones = Phones([AGENT])
    assert phones.listed([listed("agent1/sip:agent1@10.0.0.1,")]) == [PhoneReached(agent=AGENT)]
    assert phones.listed([listed("agent1/sip:agent1@10.0.0.1,")]) == [], "no news"


def test_a_phone_that_registers_from_another_address_is_never_lost() -> None:
    """The order is Asterisk 22.10's, as recorded with `remove_existing=yes`."""
    phones = Phones([AGENT])
    phones.listed([listed("agent1/sip:a@h:1,")])
    news = [
        *phones.changed(status("sip:a@h:2", "NonQualified")),
        *phones.changed(status("sip:a@h:1", "Removed")),
        *phones.changed(status("sip:a@h:2", "Reachable")),
    ]
    assert news == []


def test_a_phone_is_lost_when_its_last_contact_is() -> None:
    phones = Phones([AGENT])
    phones.listed([listed("agent1/sip:a@h:1,agent1/sip:a@h:2,")])
    assert phones.changed(status("sip:a@h:1", "Unreachable")) == []
    assert phones.changed(status("sip:a@h:2", "Removed")) == [PhoneLost(agent=AGENT)]
    assert phones.changed(status("sip:a@h:1", "Reachable")) == [PhoneReached(agent=AGENT)]


def test_other_accounts_are_ignored() -> None:
    phones = Phones([AGENT])
    phones.listed([])
    assert phones.changed(status("sip:t@h", "Reachable", account="trunk")) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sip:a@h:1", "sip:a@h:2"]),
            st.sampled_from(["NonQualified", "Reachable", "Unreachable", "Removed"]),
        )
    )
)
def test_news_alternate_and_the_last_one_is_true(changes: list[tuple[str, str]]) -> None:
    phones, alive = Phones([AGENT]), set[str]()
    news = list(phones.listed([]))
    for address, state in changes:
        news += phones.changed(status(address, state))
        (alive.discard if state in {"Unreachable", "Removed"} else alive.add)(address)
    assert all(type(one) is not type(other) for one, other in pairwise(news))
    assert isinstance(news[-1], PhoneReached if alive else PhoneLost)
