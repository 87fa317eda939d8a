"""
`ekc ivr import freepbx FILES…`: the menus of FreePBX as scripts of ours.

    mysqldump --default-character-set=utf8mb4 asterisk > asterisk.sql      on FreePBX
    ekc ivr import freepbx asterisk.sql --into imported                    here

The files are exports that the admin made; no database is reached from here. Written are the scripts
and `IMPORT.md` with everything that was not carried over.

Exit codes: 0 imported; 1 files that are there already would be overwritten, or cannot be written;
2 an export cannot be read.

Rule 1: every script is read by the loader of our settings, and proved, before any file is written;
what `ekc ivr check` would refuse is told in the report and at its node.
Rule 2: all files or none: they are written beside their places first and moved there at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.cli.ivr.import_proving import proved
from ekc_telephony.core.ivr.published import Bundle
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.importing.freepbx import (
    Imported,
    Source,
    SourceError,
    Wishes,
    carry_over,
    read_tables,
)
from ekc_telephony.importing.freepbx.growth.growing import STANDARD_PROMPTS
from ekc_telephony.importing.freepbx.source.reading import decoded
from ekc_telephony.importing.freepbx.writing.ledger import Weight
from ekc_telephony.importing.freepbx.writing.report import (
    REPORT_FILE,
    as_markdown,
    as_tree,
    summary,
)
from ekc_telephony.importing.freepbx.writing.yaml_text import (
    numbers_snippet,
    outside_snippet,
    queues_snippet,
    schedules_snippet,
    script_text,
)
from ekc_telephony.settings.ivr.load import LoadedScript, load_bundle
from ekc_telephony.settings.ivr.site import KnownNames

_REFUSED: Final = 1
_WRONG_INPUT: Final = 2


class System(Enum):
    """Whose menus are imported."""

    FREEPBX = "freepbx"


From = Annotated[System, typer.Argument(help="Whose menus: freepbx.", show_default=False)]
Files = Annotated[
    list[Path],
    typer.Argument(help="mysqldump, `mysql -B`, CSV or JSON of FreePBX's tables.", exists=True),
]
Into = Annotated[Path, typer.Option("--into", help="The folder for scripts and IMPORT.md.")]
Person = Annotated[str, typer.Option("--person", help="The queue for what scripts cannot express.")]
TimeZone = Annotated[str, typer.Option("--time-zone", help="Whose clock the time groups mean.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def import_menus(
    system: From,
    files: Files,
    *,
    into: Into = Path("imported"),
    person: Person = "first_line",
    time_zone: TimeZone = "Europe/Moscow",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn menus of another system into scripts, and tell what could not be carried over."""
    assert system is System.FREEPBX
    try:
        tables = read_tables(
            Source(name=str(each), text=decoded(str(each), each.read_bytes())) for each in files
        )
    except (SourceError, OSError) as error:
        _fail(str(error), code=_WRONG_INPUT)
    imported = carry_over(tables, wishes=Wishes(person=person, time_zone=time_zone))
    loaded = read_scripts(imported, texts_of(imported), into)
    imported = proved(imported, loaded, now=SystemClock().now())
    texts = texts_of(imported)
    try:
        written = write_all(into, texts, may_overwrite=force)
    except OSError as error:
        _fail(str(error), code=_REFUSED)
    if as_json:
        typer.echo(json.dumps(as_tree(imported), ensure_ascii=False, indent=2))
        return
    _show(imported, written)


def texts_of(imported: Imported) -> dict[str, str]:
    """Return the name and the text of every file of an import."""
    scripts = {
        f"{script.name}.yaml": script_text(script, person=imported.person)
        for script in imported.scripts
    }
    return scripts | {REPORT_FILE: as_markdown(imported)}


def known_names(imported: Imported) -> KnownNames:
    """Return the names that exist once the admin has followed the report."""
    return KnownNames(
        queues=frozenset({each.name for each in imported.queues} | {imported.person}),
        skills=frozenset(),
        schedules=frozenset(each.name for each in imported.schedules),
        prompts=STANDARD_PROMPTS | {each.key for each in imported.prompts},
        outside=frozenset(each.number for each in imported.outside),
    )


def write_all(folder: Path, texts: dict[str, str], *, may_overwrite: bool) -> list[Path]:
    """
    Write all files, or none; one that says the same already is no obstacle.

    Raises:
        FileExistsError: One is there and says something else; nothing was written.
        OSError: The folder cannot be written to.
    """
    files = {folder / name: text for name, text in texts.items()}
    there = [file for file, text in files.items() if file.exists() and not _says(file, text)]
    if there and not may_overwrite:
        names = ", ".join(file.name for file in there)
        raise FileExistsError(
            f"{folder}: {names} would be overwritten; nothing was written. Give another folder "
            "with --into, or overwrite them with --force"
        )
    folder.mkdir(parents=True, exist_ok=True)
    beside = {file.with_name(f".{file.name}.new"): file for file in files}
    try:
        for new, file in beside.items():
            new.write_text(files[file], encoding="utf-8")
        for new, file in beside.items():
            new.replace(file)
    finally:
        for new in beside:
            new.unlink(missing_ok=True)
    return list(files)


def _says(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode()


def read_scripts(imported: Imported, texts: Mapping[str, str], into: Path) -> list[LoadedScript]:
    """
    Let the loader read every script that calls begin with, and those that it calls.

    Raises:
        SettingsError: One cannot be read: a mistake of ours.
    """
    known = known_names(imported)
    by_name = {each.name: texts[f"{each.name}.yaml"] for each in imported.scripts}
    return [
        load_bundle(
            into / f"{each.name}.yaml",
            Bundle(
                script=ScriptId(each.name), texts=_with_called(imported, each.name, by_name)
            ).joined,
            known=known,
        )
        for each in imported.scripts
        if not each.is_called
    ]


def _with_called(imported: Imported, name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a script and of all that it calls."""
    calls = {each.name: each.calls for each in imported.scripts}
    found, ahead = dict[str, str](), [name]
    while ahead:
        each = ahead.pop()
        if each not in found:
            found[each] = texts[each]
            ahead += calls[each]
    return found


def _show(imported: Imported, written: list[Path]) -> None:
    console = Console()
    table = Table()
    for heading in ("", "где", "что", "что делать"):
        table.add_column(heading, overflow="fold")
    for each in imported.remarks:
        if each.weight is not Weight.UNUSED:
            cells = (each.title, each.what, each.advice)
            table.add_row(each.weight.value, *(escape(cell) for cell in cells))
    if table.row_count:
        console.print(table)
    for snippet in (
        numbers_snippet(imported.scripts),
        outside_snippet(imported.outside),
        schedules_snippet(imported.schedules),
        queues_snippet(imported.queues),
    ):
        if snippet:
            typer.echo(snippet + "\n")
    for file in written:
        typer.echo(str(file))
    typer.echo(summary(imported))


def _fail(message: str, *, code: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
