"""
Calls, as one of our phones has them: placed by it, or ringing at it.

Rule 1: a call ends exactly once, and says by whose will.
Rule 2: the moment of everything that matters is kept, by the loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from typing_extensions import override

from lab.faults.sip import (
    FINAL,
    GIVE_UP_S,
    REFUSED,
    UNAUTHORIZED,
    Address,
    Credentials,
    Ending,
    Message,
    Sending,
    SipSocket,
    new_branch,
    new_tag,
    request_text,
    session_description,
    uri_of,
    user_of,
)


class Dialog:
    """
    A call, from whichever side it came.

    Args:
        socket: Where it goes through.
        call_id: Its name.
        ours: Our From or To header, tag included.
        theirs: The other side's.
        target: Where its requests go.
    """

    def __init__(
        self, socket: SipSocket, *, call_id: str, ours: str, theirs: str, target: str
    ) -> None:
        self.socket = socket
        self.call_id = call_id
        self.ours = ours
        self.theirs = theirs
        self.target = target
        self.ended = asyncio.Event()
        self.ended_at: float | None = None
        """By the loop's clock: when the end was sent or received."""
        self.end_confirmed_at: float | None = None
        """When the other side has answered our goodbye."""
        self.confirmed = asyncio.Event()
        """It has, or never will."""
        self.ending: Ending | None = None
        self.established_at: float | None = None
        self._cseq = 1
        self._loop = asyncio.get_running_loop()
        self._bye: Sending | None = None
        socket.attach(call_id, self)

    @property
    def contact(self) -> str:
        """Where we are reached within the call."""
        return f"sip:{user_of(self.ours)}@{self.socket.here[0]}:{self.socket.here[1]}"

    def receive(self, message: Message) -> None:
        """Take a message of this call."""
        if message.status is None:
            self._requested(message)
        elif message.answers == "BYE" and message.status >= FINAL:
            self._goodbye_answered()

    def say_goodbye(self) -> None:
        """Hang up an established call."""
        if self.ending is not None:
            return
        self._cseq += 1
        text = self._request("BYE", branch=new_branch(), cseq=self._cseq)
        self._end(Ending.US)
        self._bye = Sending(lambda: self.socket.send(text))

    def die(self) -> None:
        """The node is dead, and the call with it."""
        self.confirmed.set()
        if self.ending is None:
            self._end(Ending.DEAD)
        self._forget()

    def _requested(self, message: Message) -> None:
        if message.start.startswith("BYE "):
            self.socket.respond(message, "200 OK")
            if self.ending is None:
                self._end(Ending.NODE)
                self._loop.call_later(GIVE_UP_S, self._forget)
        elif not message.start.startswith("ACK "):
            self.socket.respond(message, "200 OK")

    def _goodbye_answered(self) -> None:
        if self.end_confirmed_at is None:
            self.end_confirmed_at = self._loop.time()
            self.confirmed.set()
        self._forget()

    def _end(self, ending: Ending) -> None:
        self.ending, self.ended_at = ending, self._loop.time()
        self.ended.set()

    def _forget(self) -> None:
        if self._bye is not None:
            self._bye.stop()
        self.socket.detach(self.call_id)

    def _request(
        self,
        method: str,
        *,
        branch: str,
        cseq: int,
        contact: str = "",
        content: str = "",
        headers: tuple[str, ...] = (),
    ) -> str:
        return request_text(
            method,
            self.target,
            here=self.socket.here,
            branch=branch,
            ours=self.ours,
            theirs=self.theirs,
            call_id=self.call_id,
            cseq=cseq,
            contact=contact,
            content=content,
            headers=headers,
        )


class OutgoingCall(Dialog):
    """
    A call that we place.

    Args:
        socket: Where it goes through.
        number: The caller's number.
        dialled: What he dials.
        hears_at: Where his phone takes sound.
        on_sound: Told where the other side takes sound.
        credentials: What he proves his account with, when he is asked to.
    """

    def __init__(
        self,
        socket: SipSocket,
        *,
        number: str,
        dialled: str,
        hears_at: Address,
        on_sound: Callable[[Address], None],
        credentials: Credentials | None = None,
    ) -> None:
        node, here = socket.node, socket.here
        target = f"sip:{dialled}@{node[0]}:{node[1]}"
        super().__init__(
            socket,
            call_id=uuid4().hex,
            ours=f"<sip:{number}@{here[0]}:{here[1]}>;tag={new_tag()}",
            theirs=f"<{target}>",
            target=target,
        )
        self.status: int | None = None
        """The final answer."""
        self.first_answer_at: float | None = None
        self.answered = asyncio.Event()
        """There is a final answer, or there will be none."""
        self.invited_at = self._loop.time()
        self._on_sound = on_sound
        self._branch = new_branch()
        self._first_theirs = self.theirs
        self._is_withdrawn = False
        self._hears_at = hears_at
        self._credentials = credentials
        self._invite = self._inviting()
        self._cancel: Sending | None = None

    def hang_up(self) -> None:
        """End it, whether it was answered or not."""
        if self.ending is not None:
            return
        if self.established_at is not None:
            self.say_goodbye()
        elif not self._is_withdrawn:
            self._is_withdrawn = True
            self._invite.stop()
            self._end(Ending.WITHDRAWN)
            if self.first_answer_at is not None:
                self._withdraw()
            else:  # nobody has heard of it: nothing may be cancelled, nobody will answer
                self._loop.call_later(GIVE_UP_S, self._forget)
                self.answered.set()

    @override
    def receive(self, message: Message) -> None:
        status = message.status
        if status is not None and self.first_answer_at is None:
            self.first_answer_at = self._loop.time()
        if status is None or message.answers != "INVITE":
            if message.answers == "CANCEL" and self._cancel is not None:
                self._cancel.stop()
            super().receive(message)
            return
        self._invite.stop()
        if status >= REFUSED:
            self._refused(message, status)
        elif status >= FINAL:
            self._established(message)
        elif self._is_withdrawn and self._cancel is None:
            self._withdraw()

    @override
    def die(self) -> None:
        self._invite.stop()
        self.answered.set()
        super().die()

    @override
    def _requested(self, message: Message) -> None:
        if message.start.startswith("INVITE "):
            # The node asks whether we are still there (RFC 4028).
            self.socket.respond(
                message,
                "200 OK",
                content=session_description(self._hears_at),
                contact=self.contact,
            )
        else:
            super()._requested(message)

    def _inviting(self, *headers: str) -> Sending:
        text = self._request(
            "INVITE",
            branch=self._branch,
            cseq=self._cseq,
            contact=self.contact,
            content=session_description(self._hears_at),
            headers=headers,
        )
        return Sending(lambda: self.socket.send(text), is_invite=True)

    def _prove(self, message: Message, credentials: Credentials) -> None:
        """Place the call again, with what the node asked for."""
        self.socket.send(self._request("ACK", branch=self._branch, cseq=self._cseq))
        self.theirs = self._first_theirs
        challenge = message.first("www-authenticate")
        proof = credentials.answer(challenge, method="INVITE", uri=self.target)
        self._credentials = None
        self._cseq += 1
        self._branch = new_branch()
        self._invite = self._inviting(proof)

    def _withdraw(self) -> None:
        text = request_text(
            "CANCEL",
            self.target,
            here=self.socket.here,
            branch=self._branch,
            ours=self.ours,
            theirs=self._first_theirs,
            call_id=self.call_id,
            cseq=self._cseq,
        )
        self._cancel = Sending(lambda: self.socket.send(text))

    def _refused(self, message: Message, status: int) -> None:
        self.theirs = message.first("to")
        if status == UNAUTHORIZED and self._credentials is not None:
            self._prove(message, self._credentials)
            return
        self.socket.send(self._request("ACK", branch=self._branch, cseq=self._cseq))
        if self.status is None:
            self.status = status
            self.end_confirmed_at = self._loop.time()
            self.confirmed.set()
            self.answered.set()
            if self.ending is None:
                self._end(Ending.REFUSED)
            self._loop.call_later(GIVE_UP_S, self._forget)

    def _established(self, message: Message) -> None:
        self.theirs = message.first("to")
        self.target = uri_of(message.first("contact")) or self.target
        self.socket.send(self._request("ACK", branch=new_branch(), cseq=self._cseq))
        if self.status is not None:
            return  # the same answer again
        self.status = FINAL
        self.established_at = self._loop.time()
        address = message.sound_address
        if address is not None:
            self._on_sound(address)
        self.answered.set()
        if self._is_withdrawn:  # the answer crossed our CANCEL
            self.ending = None
            self.say_goodbye()

    @override
    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel.stop()
        self._invite.stop()
        super()._forget()


class IncomingCall(Dialog):
    """
    A call that rings at one of our phones; it rings as soon as this is made.

    Args:
        socket: Where it came in.
        invite: The INVITE.
    """

    def __init__(self, socket: SipSocket, invite: Message) -> None:
        self._tag = new_tag()
        super().__init__(
            socket,
            call_id=invite.first("call-id"),
            ours=f"{invite.first('to')};tag={self._tag}",
            theirs=invite.first("from"),
            target=uri_of(invite.first("contact")),
        )
        self.invite = invite
        self.number = user_of(invite.first("from"))
        self.rang_at = self._loop.time()
        self._last = socket.respond(invite, "180 Ringing", tag=self._tag, contact=self.contact)

    def answer(self, hears_at: Address) -> None:
        """Pick up."""
        if self.ending is None and self.established_at is None:
            self.established_at = self._loop.time()
            self._last = self.socket.respond(
                self.invite,
                "200 OK",
                tag=self._tag,
                content=session_description(hears_at),
                contact=self.contact,
            )

    def refuse(self) -> None:
        """Press the red key."""
        if self.ending is None and self.established_at is None:
            self._last = self.socket.respond(self.invite, "486 Busy Here", tag=self._tag)
            self._end(Ending.REFUSED)
            self._loop.call_later(GIVE_UP_S, self._forget)

    @override
    def _requested(self, message: Message) -> None:
        if message.start.startswith("CANCEL "):
            self.socket.respond(message, "200 OK", tag=self._tag)
            if self.ending is None and self.established_at is None:
                self.socket.respond(self.invite, "487 Request Terminated", tag=self._tag)
                self._end(Ending.WITHDRAWN)
                self._loop.call_later(GIVE_UP_S, self._forget)
        elif message.start.startswith("INVITE ") and ";tag=" not in message.first("to"):
            self.socket.send(self._last)  # the same INVITE again
        elif message.start.startswith("INVITE "):
            # Asked to agree anew: nothing has changed here.
            self.socket.respond(message, "488 Not Acceptable Here")
        else:
            super()._requested(message)
