"""
Ports of this machine that nobody has.

A node takes a `PortBlock`: a thousand numbers that belong together, claimed for as long as this
process lives, so that two processes of the lab never meet. The benchmark's block is wider and has
more in it (`lab.bench.site.Ports`). A program that needs a single port, and opens it at once, takes
`free_port()`.
"""

from __future__ import annotations

import atexit
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Self

BLOCKS: Final = range(31000, 12000, -1000)
"""Where a block of ports may begin: below the kernel's own choice, which starts at 32768."""

_CLAIMS: Final[dict[int, socket.socket]] = {}
"""A name in Linux's abstract socket space for every block this process has taken."""


class NoPortsError(Exception):
    """Every block of ports is in use; the text says what to do."""


@dataclass(frozen=True, slots=True)
class PortBlock:
    """A thousand ports, all that one node needs."""

    first: int
    width: ClassVar[int] = 1000

    @property
    def sip(self) -> int:
        """SIP, UDP."""
        return self.first + 60

    @property
    def http(self) -> int:
        """The engine's pages."""
        return self.first + 80

    @property
    def ari(self) -> int:
        """Asterisk's HTTP server."""
        return self.first + 88

    @property
    def ami(self) -> int:
        """Asterisk's manager interface."""
        return self.first + 38

    @property
    def rtp(self) -> tuple[int, int]:
        """Sound: first and last port, UDP."""
        return self.first + 100, self.first + 999

    @classmethod
    def find_free(cls) -> Self:
        """
        Return a block nobody uses.

        Raises:
            NoPortsError: All are taken.
        """
        for first in BLOCKS:
            block = cls(first)
            if _claim(range(first, first + cls.width, 1000)) and block._is_free():
                return block
        raise NoPortsError(
            f"found every block of ports from {BLOCKS[-1]} to {BLOCKS[0]} in use; expected one "
            "that is free. Stop other EKC nodes of this machine."
        )

    def _is_free(self) -> bool:
        tcp = all(may_bind(port) for port in (self.http, self.ari, self.ami))
        return tcp and all(
            may_bind(port, kind=socket.SOCK_DGRAM) for port in (self.sip, self.rtp[0])
        )


def free_port(*, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port of the kernel's choice that nobody has now; open it at once."""
    with socket.socket(socket.AF_INET, kind) as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def may_bind(
    port: int, *, address: str = "127.0.0.1", kind: socket.SocketKind = socket.SOCK_STREAM
) -> bool:
    """Return whether a port may be opened now."""
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError:
            return False
    return True


def _claim(thousands: Iterable[int]) -> bool:
    """Claim them all for as long as this process lives, or none; two never take the same one."""
    claims: dict[int, socket.socket] = {}
    for first in thousands:
        if first in _CLAIMS:
            continue
        claims[first] = claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0ekc-lab-ports-{first}")
        except OSError:
            for each in claims.values():
                each.close()
            return False
    _CLAIMS.update(claims)
    return True


@atexit.register
def _release() -> None:
    """Close the claims, now that the process ends: an open socket would be called forgotten."""
    while _CLAIMS:
        _CLAIMS.popitem()[1].close()
