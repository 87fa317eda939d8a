"""`python -m lab.information_systems --port 18090`: run them until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import threading
from collections.abc import Sequence

from lab.information_systems.faults import Fault
from lab.information_systems.registry import OPERATIONS
from lab.information_systems.server import HOST, InformationSystems, new_registry, serve


def main(words: Sequence[str] | None = None) -> None:
    """Run the information systems."""
    asyncio.run(_run(_parser().parse_args(words)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.information_systems",
        description="Made-up information systems for the demo and for trying scripts.",
    )
    parser.add_argument("--port", type=int, default=18090)
    parser.add_argument("--bind", default=HOST)
    parser.add_argument("--bearer", help="the secret that callers must know")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="OPERATION=FAULT",
        help=f"one of {', '.join(each.value for each in Fault)}",
    )
    return parser


async def _run(options: argparse.Namespace) -> None:
    systems = InformationSystems(new_registry(), bearer=options.bearer, port=options.port)
    for each in options.fault:
        operation, _, fault = each.partition("=")
        systems.fail(operation, Fault(fault))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    print(f"information systems at http://{options.bind}:{options.port}/: {', '.join(OPERATIONS)}")
    await serve(systems, stop=stop, host=options.bind, ready=threading.Event())


if __name__ == "__main__":
    main()
