"""
`python -m ekc_telephony.guard FILE`: the guard's process; FILE is `guard.json`.

Exit status: 0 after SIGTERM or SIGINT, 1 when the file cannot be used or Asterisk refuses us, 2
when the file is not named.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ekc_telephony.adapters.ami.client import AmiAccess, AmiRefusedError
from ekc_telephony.adapters.systemd import feed_watchdog, notify
from ekc_telephony.guard.access import AccessFileError, read_access
from ekc_telephony.guard.log import Level, say
from ekc_telephony.guard.loop import GuardLoop


def main(arguments: Sequence[str]) -> int:
    """Guard until told to stop, and return the exit status."""
    if len(arguments) != 1:
        say("usage: python -m ekc_telephony.guard FILE", level=Level.ERROR, found=len(arguments))
        return 2
    try:
        access = read_access(Path(arguments[0]))
        refusal = asyncio.run(_run(access))
    except AccessFileError as mistake:
        refusal = str(mistake)
    if refusal is not None:
        say("guard cannot work", level=Level.ERROR, trouble=refusal)
    return 0 if refusal is None else 1


async def _run(access: AmiAccess) -> str | None:
    """Guard until told to stop; return why Asterisk refuses us, if it does."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    say("guard starting")
    refusals: list[str] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in (GuardLoop(access).run(), feed_watchdog())]
            await stop.wait()
            notify("STOPPING=1")
            for task in tasks:
                task.cancel()
    except* AmiRefusedError as refused:
        refusals += [str(each) for each in refused.exceptions]
    say("guard stopped")
    return refusals[0] if refusals else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
