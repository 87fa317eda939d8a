"""
A folder as a telephony admin has it: a configuration, the shipped prompts, the scripts of one test.

`STATUS` is a script with something of everything: typed digits that are personal, an information
system, a value that is spoken, a queue, a rating.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from typer.testing import CliRunner, Result

from ekc_telephony.cli.root import app

PROJECT: Final = Path(__file__).parents[3]
HOTLINE: Final = (PROJECT / "ivr_scripts" / "hotline.yaml").read_text(encoding="utf-8")
STATUS: Final = """\
entry: ask
variables:
  case: {kind: text, personal: true}
  days: {kind: number}
nodes:
  ask:
    kind: collect
    prompts: [{text: "Наберите номер дела."}]
    into: case
    format: digits
    min_length: 4
    max_length: 4
    timeout: 5s
    retries: 1
    invalid_prompts: [menu-wrong-key]
    timeout_prompts: [menu-silence]
    next: status
    exhausted: person
  status:
    kind: lookup
    service: cases
    fields: {number: case}
    into: {days: left.days}
    prompts: [{text: "Минуту, ищем."}]
    next: told
    not_found: person
    fallback: person
  told:
    kind: say
    text: "Дело {{ case | digits }} решится через {{ days | count('день', 'дня', 'дней') }}."
    next: rate
  person: {kind: enqueue, queue: first_line, after: rate}
  rate:
    kind: rate
    prompts: [{text: "Оцените нас от одного до пяти."}]
    timeout: 5s
    retries: 0
    invalid_prompts: []
    timeout_prompts: []
    next: bye
  bye: {kind: goodbye, prompts: [], outcome: self_served}
"""
_SAMPLE: Final = (PROJECT / "ekc.yaml").read_text(encoding="utf-8")
_SERVICES: Final = "services:\n  - {id: cases, url: 'http://127.0.0.1:1/', timeout: 3s}\n"


def ivr_site(folder: Path, scripts: Mapping[str, str], *, called: str = "hotline") -> Path:
    """Fill a folder with these scripts, by name; the first number dialled leads to one of them."""
    (folder / "ivr_scripts").mkdir()
    (folder / "sounds").symlink_to(PROJECT / "sounds")
    text = re.sub(r"^services:.*\n", _SERVICES, _SAMPLE, flags=re.MULTILINE)
    text = text.replace("script: hotline}", f"script: {called}}}")
    (folder / "ekc.yaml").write_text(text, encoding="utf-8")
    for name, script in scripts.items():
        write_script(folder, name, script)
    return folder


def write_script(site: Path, name: str, text: str) -> Path:
    """Write a script into such a folder, and return its file."""
    file = site / "ivr_scripts" / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def ekc_ivr(site: Path, verb: str, *words: object, typed: str | None = None) -> Result:
    """Give the command `ekc ivr …` with the configuration of such a folder."""
    arguments = ["ivr", verb, *map(str, words), "--config", str(site / "ekc.yaml")]
    return CliRunner().invoke(app, arguments, input=typed)
