"""
The operators of the demo: they sign in by feature codes, answer, refuse, let it ring, sign out.

Most pick up after a moment. Whether the first one rung for a call refuses it, or lets it ring, is
in the plan of that call; whoever is rung next picks up. One comes from lunch, one ends every
wrap-up by his code; whoever has let a call ring declares himself ready again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Final, assert_never

from ekc_telephony.settings.models import FeatureCodes
from lab.demo.calls import PlannedCall, Whim
from lab.demo.plan import SEED
from lab.demo.prompts import prompt_sound
from lab.demo.stage import HeardPrompt, agent_words, check_prompts
from lab.node import RunningNode
from lab.phones.operator import Answer, Ignore, Offered, OperatorPhone, Reaction, Refuse
from lab.phones.stack import PhoneStack

AT_LUNCH: Final = "sidorova"
"""Comes back after `LUNCH`."""
LUNCH: Final = timedelta(seconds=8)
QUICK: Final = "orlov"
"""Ends every wrap-up by the feature code."""
_LUNCH_DIGIT: Final = "2"


class Office:
    """
    All operators of a node.

    Args:
        node: The node.
        plan: The calls, for what is to be refused.
        tell: Takes what happens, in words.
    """

    def __init__(
        self, node: RunningNode, plan: Iterable[PlannedCall], *, tell: Callable[[str], None]
    ) -> None:
        self._node = node
        self._codes: FeatureCodes = node.settings.feature_codes
        self._calls = {call.number: call for call in plan if call.number is not None}
        self._tell = tell
        self._chance = Random(SEED)
        self._offers: Counter[str] = Counter()
        self._phones: dict[str, OperatorPhone] = {}
        self._words = agent_words()
        self.confirmations: list[HeardPrompt] = []
        """What operators heard after dialling a code."""

    @property
    def offers(self) -> list[Offered]:
        """Every call that rang at an operator's phone."""
        return [offer for phone in self._phones.values() for offer in phone.offers]

    async def open(self, stack: PhoneStack) -> None:
        """Register all phones and declare everybody ready, but for the one at lunch."""
        for operator in self._node.settings.operators:
            phone = await stack.operator(
                operator.account,
                self._node.secrets.operators[operator.account],
                react=self._react,
            )
            phone.afterwards = self._after
            self._phones[operator.account] = phone
        async with asyncio.TaskGroup() as tasks:
            for phone in self._phones.values():
                tasks.create_task(self._sign_in(phone))

    async def come_from_lunch(self) -> None:
        """Let the one at lunch come back."""
        await asyncio.sleep(LUNCH.total_seconds())
        await self._dial(self._phones[AT_LUNCH], self._codes.ready, "presence-ready")

    async def close(self) -> None:
        """Sign everybody out."""
        async with asyncio.TaskGroup() as tasks:
            for phone in self._phones.values():
                tasks.create_task(self._dial(phone, self._codes.signed_out, "presence-signed-out"))

    async def _sign_in(self, phone: OperatorPhone) -> None:
        await phone.register()
        if phone.account == AT_LUNCH:
            code = self._codes.not_ready + _LUNCH_DIGIT
            await self._dial(phone, code, "presence-not-ready-lunch")
        else:
            await self._dial(phone, self._codes.ready, "presence-ready")

    async def _dial(self, phone: OperatorPhone, code: str, prompt: str) -> None:
        self._tell(f"  {phone.account} набирает {code}")
        line = await phone.dial_code(code)
        wanted = [(prompt, prompt_sound(prompt))]
        self.confirmations += await asyncio.to_thread(check_prompts, wanted, line.recording)

    def _react(self, offered: Offered) -> Reaction:
        self._offers[offered.number] += 1
        call = self._calls.get(offered.number)
        is_first = self._offers[offered.number] == 1
        whim = call.whim if call is not None and is_first else Whim.ANSWER
        hesitation = timedelta(seconds=self._chance.uniform(0.3, 0.9))
        match whim:
            case Whim.ANSWER:
                return Answer(
                    after=hesitation,
                    words=self._words,
                    talk=None if call is None else call.agent_talks,
                )
            case Whim.REFUSE:
                self._tell(f"  {offered.account} отклоняет вызов {offered.number}")
                return Refuse(after=hesitation)
            case Whim.IGNORE:
                self._tell(f"  {offered.account} не снимает трубку: {offered.number}")
                return Ignore()
            case _:
                assert_never(whim)

    async def _after(self, offered: Offered, reaction: Reaction) -> None:
        phone = self._phones[offered.account]
        if isinstance(reaction, Ignore):
            await self._dial(phone, self._codes.ready, "presence-ready")
        elif isinstance(reaction, Answer) and phone.account == QUICK:
            await self._dial(phone, self._codes.end_of_wrap_up, "wrap-up-ended")
