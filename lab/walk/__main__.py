"""
`make ivr-walk`: every test case of the scripts that ship, by telephone.

Callers of several cases call at the same time (CALLERS=6); who meets an operator, or hides his
number, calls alone. ONLY= takes the cases whose name holds the text. The report, with every case,
is `.runtime/reports/ivr-walk.json`; the exit code is 0 when all went as rehearsed.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Final

from rich.console import Console

from lab.bench.program import asterisk_version, run_program, write_report
from lab.ports import PortBlock
from lab.runtime import Runtime
from lab.stand import running_stand
from lab.walk.site import errands, speak, write_walk_site
from lab.walk.systems import rehearsed_systems
from lab.walk.together import AT_ONCE, Row, Walks

_WIDTH: Final = 140


def main() -> int:
    """Walk and return the exit code."""
    return run_program(_walk_all, width=_WIDTH)


def _walk_all(console: Console) -> bool:
    runtime, only = Runtime.find(), os.environ.get("ONLY", "")
    chosen = [each for each in errands() if only in each.name]
    folder = runtime.folder / "ivr-walk"
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.monotonic()

    def tell(row: Row) -> None:
        said = f"FAILED: {row['failure']}" if row["failure"] else f"{row['prompts']} prompts heard"
        done = f"{len(walks.rows)}/{len(chosen)}"
        console.print(f"{done} {row['case']}: {said}", highlight=False, markup=False)

    with rehearsed_systems() as systems:
        config = write_walk_site(folder, ports=PortBlock.find_free(), url_of=systems.url_of)
        with running_stand(config, prepare=speak) as stand:
            walks = Walks(stand=stand, systems=systems, tell=tell)
            at_once = int(os.environ.get("CALLERS", "") or AT_ONCE)
            stand.run(walks.all(chosen, at_once=at_once))
    failed = [each for each in walks.rows if each["failure"]]
    content = {
        "asterisk": asterisk_version(runtime),
        "cases": len(walks.rows),
        "failed": len(failed),
        "prompts_heard": sum(each.get("prompts", 0) for each in walks.rows),
        "keys": sum(each.get("keys", 0) for each in walks.rows),
        "seconds": round(time.monotonic() - begun, 1),
        "walks": walks.rows,
    }
    write_report("ivr-walk", content, runtime=runtime, console=console)
    console.print(f"{len(walks.rows)} cases, {len(failed)} failed", highlight=False)
    return not failed and bool(walks.rows)


if __name__ == "__main__":
    sys.exit(main())
