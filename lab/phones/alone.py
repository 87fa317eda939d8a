"""
A phone in a process of its own, so that it can vanish: kill the process, and nothing says goodbye.

    python -m lab.phones.alone citizen 127.0.0.1:5060 FOLDER 88001000001 +79130000001
    EKC_PHONE_PASSWORD=… python -m lab.phones.alone operator 127.0.0.1:5060 FOLDER ivanova *45

A citizen calls and talks for ever. An operator registers, dials the code, and answers every call.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from lab.phones.operator import Answer
from lab.phones.stack import PhoneStack, phones
from lab.phones.voice import whistle

PASSWORD: Final = "EKC_PHONE_PASSWORD"
"""The environment variable that holds an operator's password."""


async def be_a_citizen(stack: PhoneStack, did: str, number: str) -> None:
    """Call and talk until the other side hangs up."""
    line = await stack.dial(did, number=number)
    line.say(whistle(), is_repeated=True)
    await line.ended.wait()


async def be_an_operator(stack: PhoneStack, account: str, code: str) -> None:
    """Register, dial a feature code, answer every call."""
    phone = await stack.operator(
        account,
        os.environ[PASSWORD],
        react=lambda _: Answer(after=timedelta(), words=whistle()),
    )
    await phone.register()
    line = await phone.dial(code)
    await line.established.wait()
    await line.hang_up()
    await asyncio.Event().wait()


async def main(role: str, node: str, folder: str, who: str, what: str) -> None:
    """Be somebody until the process ends."""
    host, _, port = node.rpartition(":")
    async with phones((host, int(port)), folder=Path(folder)) as stack:
        await {"citizen": be_a_citizen, "operator": be_an_operator}[role](stack, who, what)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
