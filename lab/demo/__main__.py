"""
`python -m lab.demo`: run the demo; `KEEP=1` in the environment stays up afterwards.

Exit code: 0 when every call has exactly one appeal with the right outcome and every prompt was
heard, 1 when not or when something did not start, 130 after Ctrl-C or SIGTERM before the end.
"""

from __future__ import annotations

import importlib
import sys


def main() -> int:
    """Say that it begins before anything heavy is loaded, then run it."""
    print(
        "EKC demo: real SIP calls through every script that ships, queues and operators, "
        "in about two minutes.",
        flush=True,
    )
    try:
        return int(importlib.import_module("lab.demo.run").main())
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
