"""
How long `ekc ivr check` takes for a large script: 500 nodes, as a region's hotline might have them.

    python -m lab.bench_ivr_check [--nodes 500]

It writes a script of menus, lookups, conditions and texts, and prints the time of each step. A
person waits for this at every change of a script; the aim is one second for all of it.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.settings.document import read_document
from ekc_telephony.settings.ivr.load import load
from ekc_telephony.settings.ivr.proving import Court
from ekc_telephony.settings.library import known_names
from ekc_telephony.settings.load import load_settings

PROJECT: Final = Path(__file__).parents[1]
_HEAD: Final = """\
entry: open
max_time_to_human: 20m
variables:
  case: {kind: text}
  day: {kind: date}
nodes:
  open: {kind: hours, schedule: federal, open: menu0, closed: ask}
  ask: {kind: message, otherwise: bye}
  bye: {kind: goodbye, prompts: [after-hours], outcome: informed_after_hours}
  q: {kind: enqueue, queue: first_line, after: rating}
  rating: {kind: rate, prompts: [menu-main], timeout: 5s, retries: 1, invalid_prompts: [],
           timeout_prompts: [], next: bye}
"""
_ASKING: Final = "timeout: 5s, retries: 1, invalid_prompts: [menu-wrong-key], timeout_prompts: []"
_SERVICES: Final = "services:\n  - {id: cases, url: 'http://127.0.0.1:1/', timeout: 3s}\n"
_PER_TOPIC: Final = 6


def _topics(count: int) -> Iterator[str]:
    """Yield the nodes of each topic: a menu that leads to the next one, and what it offers."""
    for n in range(count):
        following = f"menu{n + 1}" if n + 1 < count else "q"
        yield f"""\
  menu{n}: {{kind: menu, prompts: [menu-main], {_ASKING}, exhausted: q,
           keys: {{1: case{n}, 2: {following}, 0: q, "*": menu{n}}}}}
  case{n}: {{kind: collect, prompts: [menu-main], into: case, format: digits, max_length: 8,
           {_ASKING}, next: system{n}, exhausted: q}}
  system{n}: {{kind: lookup, service: cases, prompts: [recording-notice], fields: {{case: case}},
             into: {{day: day}}, next: known{n}, not_found: again{n}, fallback: q}}
  again{n}: {{kind: limit, times: 2, next: case{n}, exhausted: q}}
  known{n}: {{kind: branch, otherwise: q,
            cases: [{{when: "day is defined and day > '2026-01-01'", next: told{n}}}]}}
  told{n}: {{kind: say, text: "Дело готово {{{{ day | date }}}}.", next: {following}}}
"""


def main() -> None:
    """Write the script, check it and print the times."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    reader.add_argument("--nodes", type=int, default=500)
    nodes = reader.parse_args().nodes
    with tempfile.TemporaryDirectory() as folder:
        config = _configuration(Path(folder))
        file = Path(folder) / "large.yaml"
        file.write_text(_HEAD + "".join(_topics(nodes // _PER_TOPIC)), encoding="utf-8")
        settings = load_settings(config)
        court = Court(settings, now=SystemClock().now())
        begun = perf_counter()
        document = read_document(file)
        read = perf_counter()
        loaded = load(document, known=known_names(settings))
        built = perf_counter()
        judgement = court.judge(loaded)
        judged = perf_counter()
    print(f"{len(loaded.script.nodes)} nodes: {judged - begun:.2f} s in all")
    print(
        f"  YAML {read - begun:.2f} s, loading {built - read:.2f} s, proofs {judged - built:.2f} s"
    )
    print(f"  findings: {[each.code for each in judgement.complaints]}")


def _configuration(folder: Path) -> Path:
    text = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
    for inner in ("ivr_scripts", "sounds"):
        text = text.replace(f": {inner} ", f": {PROJECT / inner} ")
    file = folder / "ekc.yaml"
    file.write_text(re.sub(r"^services:.*\n", _SERVICES, text, flags=re.MULTILINE), "utf-8")
    return file


if __name__ == "__main__":
    main()
