"""
The city's telephone exchange: lets callers' phones reach the node from a trunk's address.

A node knows a trunk by its address alone, 127.0.0.2 in the sample, and its operators' phones live
at 127.0.0.1. The SIP stack of the phones binds only to addresses that an interface lists, and no
interface lists 127.0.0.2; so callers dial this relay, which passes each datagram on from there.

Only what travels along the INVITE (CANCEL, responses, ACK of a refusal) comes by here. The rest of
a dialog goes between the two ends directly; the node knows it by its dialog (RFC 3261, 12.2.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from typing_extensions import override

Address: TypeAlias = tuple[str, int]


class _Ear(asyncio.DatagramProtocol):
    """Hands every datagram to somebody."""

    def __init__(self, hear: Callable[[bytes, Address], None]) -> None:
        self._hear = hear

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._hear(data, addr)


@asynccontextmanager
async def trunk_relay(node: Address, *, trunk_address: str) -> AsyncIterator[Address]:
    """
    Relay SIP from a local address to the node, from the trunk's address; yield where to dial.

    Raises:
        OSError: The trunk's address cannot be used.
    """
    loop = asyncio.get_running_loop()
    phones: list[Address] = []

    def from_phone(datagram: bytes, sender: Address) -> None:
        phones[:] = [sender]
        outside.sendto(datagram, node)

    def from_node(datagram: bytes, _sender: Address) -> None:
        if phones:
            inside.sendto(datagram, phones[0])

    inside, _ = await loop.create_datagram_endpoint(
        lambda: _Ear(from_phone), local_addr=("127.0.0.1", 0)
    )
    try:
        outside, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(from_node), local_addr=(trunk_address, 0)
        )
        try:
            yield inside.get_extra_info("sockname")
        finally:
            outside.close()
    finally:
        inside.close()
