"""
An operator's phone, and what its owner makes of an incoming call.

    react(offer) → Answer(after, words, talk) | Refuse(after) | Ignore()

Rule 1: an offer the node takes back, by CANCEL or hanging up, is over whatever its owner meant.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

import baresip

from lab.hearing import Sound
from lab.phones.line import Line

_FROM: Final = re.compile(
    r'^\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^<"]*?))\s*<sips?:(?P<user>[^@>]*)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An incoming call as the operator's phone shows it."""

    account: str
    """Whose phone rings."""
    number: str
    """The caller's number."""
    name: str
    """The caller id name: what the display shows above the number."""
    headers: Mapping[str, str]
    """X-EKC-Call, X-EKC-Appeal and X-EKC-Queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """He picks up."""

    after: timedelta
    words: Sound | None = None
    """What he says, again and again."""
    talk: timedelta | None = None
    """When he hangs up; None leaves that to the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """He presses the red key: the phone answers 486."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """He lets it ring."""


Reaction: TypeAlias = Answer | Refuse | Ignore
React: TypeAlias = Callable[[Offered], Reaction]
Afterwards: TypeAlias = Callable[[Offered, Reaction], Coroutine[None, None, None]]


class OperatorPhone:
    """
    One phone of the house; `PhoneStack.operator` makes it.

    Args:
        agent: The stack's user agent.
        account: Its SIP account.
        domain: The node's address with the port.
        react: What its owner makes of an incoming call.
        dial: Dials a URI from this phone.
        follow: Makes a line of a call, under a name for the recording.
        start: Keeps a task.
    """

    def __init__(
        self,
        agent: baresip.UserAgent,
        *,
        account: str,
        domain: str,
        react: React,
        dial: Callable[[str], Awaitable[baresip.Call]],
        follow: Callable[[baresip.Call, str], Line],
        start: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self.account = account
        self.offers: list[Offered] = []
        """Every incoming call so far."""
        self.lines: list[Line] = []
        """The line of each of them."""
        self.react = react
        self.afterwards: Afterwards | None = None
        """What the owner does when an incoming call is over, in whatever way."""
        self._agent = agent
        self._domain = domain
        self._dial = dial
        self._follow = follow
        self._start = start
        agent.on_incoming(self._on_incoming)

    async def register(self) -> None:
        """
        Register at the node.

        Raises:
            baresip.RegistrationError: The node refuses, or does not answer.
        """
        await self._agent.register()

    async def unregister(self) -> None:
        """Take the registration back."""
        await self._agent.unregister()

    async def dial(self, code: str) -> Line:
        """Dial a feature code, or anything else, and return at once."""
        call = await self._dial(f"sip:{code}@{self._domain}")
        return self._follow(call, f"code-{code.strip('*')}")

    async def dial_code(self, code: str, *, patience: timedelta = timedelta(seconds=15)) -> Line:
        """
        Dial a feature code, listen to the end, and return what was heard.

        Raises:
            TimeoutError: The node did not hang up.
        """
        line = await self.dial(code)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await line.ended.wait()
        except TimeoutError:
            await line.hang_up()
            raise
        await line.recorded.wait()
        return line

    def _on_incoming(self, call: baresip.Call) -> None:
        offered = _offered(self.account, call)
        self.offers.append(offered)
        self._start(self._attend(call, offered))

    async def _attend(self, call: baresip.Call, offered: Offered) -> None:
        reaction = self.react(offered)
        await self._serve(call, reaction)
        if self.afterwards is not None:
            await self.afterwards(offered, reaction)

    async def _serve(self, call: baresip.Call, reaction: Reaction) -> None:
        line = self._follow(call, "offer")
        self.lines.append(line)
        match reaction:
            case Ignore():
                await line.ended.wait()
            case Refuse(after=after):
                if not await _is_over_within(line, after):
                    await _unless_gone(call.reject())
            case Answer(after=after):
                if not await _is_over_within(line, after):
                    await _unless_gone(call.answer())
                    await self._talk(line, reaction)

    async def _talk(self, line: Line, answer: Answer) -> None:
        if answer.words is not None:
            line.say(answer.words, is_repeated=True)
        if answer.talk is None:
            await line.ended.wait()
        elif not await _is_over_within(line, answer.talk):
            await line.hang_up()


def _offered(account: str, call: baresip.Call) -> Offered:
    shown = _FROM.match(call.headers.get("From", ""))
    name = "" if shown is None else (shown["quoted"] or shown["bare"] or "").strip()
    return Offered(
        account=account,
        number="" if shown is None else shown["user"],
        name=name,
        headers={key: value for key, value in call.headers.items() if key != "From"},
    )


async def _is_over_within(line: Line, duration: timedelta) -> bool:
    try:
        async with asyncio.timeout(duration.total_seconds()):
            await line.ended.wait()
    except TimeoutError:
        return False
    return True


async def _unless_gone(action: Coroutine[None, None, None]) -> None:
    """Act on a call; the other side may have ended it meanwhile."""
    try:
        await action
    except baresip.StaleHandleError:
        return
