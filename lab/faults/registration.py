"""An operator's phone stays known to the node."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from lab.faults.sip import (
    FINAL,
    UNAUTHORIZED,
    Credentials,
    Message,
    Sending,
    SipSocket,
    new_branch,
    new_tag,
    request_text,
)


class Registration:
    """
    Keep a phone known to the node: register, and register anew every few seconds.

    Real phones do so every few minutes; after the death of the node it is this interval that
    decides when they ring again, and nothing of ours can shorten it.

    Args:
        socket: The phone's address.
        credentials: Whose it is.
    """

    def __init__(self, socket: SipSocket, credentials: Credentials) -> None:
        self._socket = socket
        self._credentials = credentials
        self._call_id = uuid4().hex
        self._tag = new_tag()
        self._cseq = 0
        self._sending: Sending | None = None
        self._was_challenged = False
        self.registered_at: float | None = None
        """By the loop's clock: when the node last said yes."""
        socket.attach(self._call_id, self)

    def refresh(self) -> None:
        """Register again."""
        self._was_challenged = False
        self._register()

    def stop(self) -> None:
        """Send nothing any more."""
        if self._sending is not None:
            self._sending.stop()

    def receive(self, message: Message) -> None:
        """Take the answer."""
        self.stop()
        if message.status == UNAUTHORIZED and not self._was_challenged:
            self._was_challenged = True
            challenge = message.first("www-authenticate")
            node = f"sip:{self._socket.node[0]}:{self._socket.node[1]}"
            self._register(self._credentials.answer(challenge, method="REGISTER", uri=node))
        elif message.status == FINAL:
            self.registered_at = asyncio.get_running_loop().time()

    def _register(self, *headers: str) -> None:
        self.stop()
        node = f"{self._socket.node[0]}:{self._socket.node[1]}"
        here = f"{self._socket.here[0]}:{self._socket.here[1]}"
        account = self._credentials.account
        self._cseq += 1
        text = request_text(
            "REGISTER",
            f"sip:{node}",
            here=self._socket.here,
            branch=new_branch(),
            ours=f"<sip:{account}@{node}>;tag={self._tag}",
            theirs=f"<sip:{account}@{node}>",
            call_id=self._call_id,
            cseq=self._cseq,
            contact=f"sip:{account}@{here}",
            headers=("Expires: 60", *headers),
        )
        self._sending = Sending(lambda: self._socket.send(text))
