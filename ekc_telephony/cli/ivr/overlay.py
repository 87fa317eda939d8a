"""
`ekc ivr overlay`: an announcement or a menu item over every script, for some hours (G9).

    ekc ivr overlay put --text "В Орске паводок." --until 18:00 --why "паводок в Орске"
    ekc ivr overlay confirm o17                       somebody else; live within a second
    ekc ivr overlay list
    ekc ivr overlay remove o17 --why "вода ушла"

Every script is proved under it before anything is changed; errors refuse it, warnings are told.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.table import Table

from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.adapters.speech.paths import RUNTIME
from ekc_telephony.adapters.speech.site import WantedPrompt
from ekc_telephony.bootstrap.overlays import Wanted
from ekc_telephony.bootstrap.texts import render_missing
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail, print_table
from ekc_telephony.cli.ivr.publishing_desk import (
    AsJson,
    Config,
    Desk,
    Who,
    Why,
    desk,
    person,
    reason,
    tell_engine,
)
from ekc_telephony.core.ivr.overlay import Leads, MenuItem, Overlay
from ekc_telephony.core.ivr.texts import RUSSIAN, not_words, plain_text, text_key
from ekc_telephony.core.kernel.ids import OverlayId, PromptKey

app = typer.Typer(
    help="An announcement or a menu item over every script, for some hours.", no_args_is_help=True
)

_DAY: Final = timedelta(days=1)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY}
_LENGTH: Final = re.compile(r"([0-9]{1,4})([mhd])")
_CLOCK: Final = "%H:%M"
_IN_LANGUAGE: Final = re.compile(r"([a-z]{2,3})=(.*)", re.DOTALL)
_LED: Final = {f"{each.value}:": each for each in Leads}

Named = Annotated[str, typer.Argument(help="As `list` shows it: o17.")]
Prompts = Annotated[
    list[str] | None, typer.Option("--prompt", help="A prompt that exists; may be repeated.")
]
Text = Annotated[str | None, typer.Option("--text", help="A text; it is rendered now.")]
TextIn = Annotated[
    list[str] | None,
    typer.Option("--text-in", help='The same in another language: en="…"; may be repeated.'),
]
RussianIsEnough = Annotated[
    bool,
    typer.Option("--russian-is-enough", help="Callers of other languages may hear Russian."),
]
SharedLogin = Annotated[
    bool,
    typer.Option("--shared-login", help="We are two, and share the login; the register says so."),
]
Until = Annotated[
    str, typer.Option("--until", help="18:00, 2026-11-24T18:00, or for how long: 3h; 7 days most.")
]
Key = Annotated[str | None, typer.Option("--menu-key", help="A key that menus get.")]
LeadsTo = Annotated[
    str | None,
    typer.Option("--leads-to", help="Where it leads: queue:ID, prompt:KEY (told) or node:NAME."),
]
Runtime = Annotated[Path, typer.Option(help="Where `make setup-speech` put the engines.")]


@app.command()
def put(  # noqa: PLR0917 (one per option of the command)
    until: Until,
    why: Why,
    prompts: Prompts = None,
    text: Text = None,
    text_in: TextIn = None,
    menu_key: Key = None,
    leads_to: LeadsTo = None,
    config: Config = Path("ekc.yaml"),
    who: Who = None,
    runtime: Runtime = RUNTIME,
    *,
    russian_is_enough: RussianIsEnough = False,
) -> None:
    """Propose an overlay; callers meet it when a second person has confirmed it."""
    item = _item(menu_key, leads_to)
    does, because = person(who), reason(why)
    with desk(config) as open_desk:
        said = [PromptKey(each) for each in prompts or []]
        if texts := _texts(text, text_in or []):
            said.append(_rendered(texts, open_desk, runtime))
        now = open_desk.clock.now()
        wanted = Wanted(
            prompts=tuple(said),
            until=moment(until, now=now),
            item=item,
            is_russian_enough=russian_is_enough,
        )
        overlays = open_desk.overlays
        proposal = overlays.propose(wanted, who=does, why=because)
        told = overlays.told(proposal.overlay)
    name = proposal.overlay.overlay
    typer.echo(
        f"{name}: proposed by {does.name}, {_in_words(proposal.overlay)}. Nobody meets it before a "
        f"second person says `ekc ivr overlay confirm {name}`."
    )
    for each in told:
        typer.echo(each)


@app.command()
def confirm(
    name: Named,
    config: Config = Path("ekc.yaml"),
    who: Who = None,
    *,
    shared_login: SharedLogin = False,
) -> None:
    """Lay an overlay that somebody else proposed; live within a second."""
    does = person(who)
    with desk(config) as open_desk:
        overlays = open_desk.overlays
        made = overlays.confirm(OverlayId(name), who=does, may_share_login=shared_login)
        assert made.overlay is not None
        told = overlays.told(made.overlay)
    typer.echo(f"{name}: confirmed by {does.name}, {_in_words(made.overlay)}.")
    for each in told:
        typer.echo(each)
    tell_engine(open_desk.settings, who=does)


@app.command()
def remove(name: Named, why: Why, config: Config = Path("ekc.yaml"), who: Who = None) -> None:
    """Take an overlay away, or a proposal of one; callers who hear it hear it out."""
    does = person(who)
    with desk(config) as open_desk:
        open_desk.overlays.remove(OverlayId(name), who=does, why=reason(why))
    typer.echo(f"{name}: removed by {does.name}.")
    tell_engine(open_desk.settings, who=does)


@app.command(name="list")
def list_overlays(config: Config = Path("ekc.yaml"), *, as_json: AsJson = False) -> None:
    """List what lies over the scripts, and what waits for a second person."""
    with desk(config) as open_desk:
        present, now = open_desk.store.present(), open_desk.clock.now()
    laid = [each for each in present.overlays if not each.is_over(now)]
    proposed = [each for each in present.proposals if not each.overlay.is_over(now)]
    if as_json:
        typer.echo(msgspec.json.encode({"overlays": laid, "proposals": proposed}).decode())
        return
    table = Table("name", "state", "until", "what", "why", box=None)
    for overlay in laid:
        table.add_row(overlay.overlay, "callers meet it", _local(overlay.until), _what(overlay), "")
    for each in proposed:
        state = f"proposed by {each.who.name}, not confirmed"
        overlay = each.overlay
        row = (overlay.overlay, state, _local(overlay.until), _what(overlay), each.why)
        table.add_row(*row)
    print_table(table)


def moment(written: str, *, now: datetime) -> datetime:
    """
    Return the moment that a person means by `18:00`, `2026-11-24T18:00` or `3h`.

    Raises:
        typer.Exit: It is none; the person has been told.
    """
    for read in (_length_from, _next_time_of_day, _moment):
        found = read(written, now)
        if found is not None:
            return found.astimezone(UTC)
    return fail(
        f"--until: found {written!r}; expected a time of day 18:00, a moment 2026-11-24T18:00, or "
        "for how long: 90m, 3h, 2d",
        code=WRONG_INPUT,
    )


def _length_from(written: str, now: datetime) -> datetime | None:
    found = _LENGTH.fullmatch(written)
    return None if found is None else now + int(found[1]) * _UNITS[found[2]]


def _next_time_of_day(written: str, now: datetime) -> datetime | None:
    try:
        wanted = datetime.strptime(written, _CLOCK).time()  # noqa: DTZ007 - a time of day
    except ValueError:
        return None
    here = now.astimezone()
    today = here.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    return today if today > here else today + _DAY


def _moment(written: str, now: datetime) -> datetime | None:
    del now
    try:
        return datetime.fromisoformat(written).astimezone()
    except ValueError:
        return None


def _item(key: str | None, leads_to: str | None) -> MenuItem | None:
    if key is None and leads_to is None:
        return None
    if key is None or leads_to is None:
        fail("--menu-key and --leads-to: found one of them; expected both", code=WRONG_INPUT)
    for prefix, leads in _LED.items():
        if leads_to.startswith(prefix):
            return MenuItem(key=key, leads=leads, to=leads_to.removeprefix(prefix))
    return fail(
        f"--leads-to: found {leads_to!r}; expected queue:ID, prompt:KEY or node:NAME",
        code=WRONG_INPUT,
    )


def _texts(text: str | None, text_in: list[str]) -> dict[str, str]:
    """Return what is to be said, by language."""
    if text is None:
        if text_in:
            fail(
                "--text-in: found it without --text; expected the Russian words first",
                code=WRONG_INPUT,
            )
        return {}
    texts = {RUSSIAN: text}
    for each in text_in:
        found = _IN_LANGUAGE.fullmatch(each)
        if found is None:
            fail(
                f'--text-in: found {each!r}; expected a language and words: en="…"',
                code=WRONG_INPUT,
            )
        texts[found[1]] = found[2]
    return {language: plain_text(words) for language, words in texts.items()}


def _rendered(texts: dict[str, str], open_desk: Desk, runtime: Path) -> PromptKey:
    """Return the prompt that says a text, rendered in every language unless it is there."""
    for language, words in texts.items():
        _refuse_what_is_no_word(words, language)
    key = text_key(texts)
    wanted = [
        WantedPrompt(key=key, text=words, language=language, place=_option(language))
        for language, words in texts.items()
    ]
    try:
        render_missing(open_desk.settings, wanted, runtime=runtime)
    except (ManifestError, SpeechError, FolderUnusableError, OSError) as error:
        fail(f"the text cannot be spoken, and nothing was changed: {error}", code=NOT_WELL)
    return key


def _refuse_what_is_no_word(words: str, language: str) -> None:
    strange = not_words(words, language=language)
    if not words or strange is not None:
        of = "Russian words" if language == RUSSIAN else f"words of the language {language}"
        fail(
            f"{_option(language)}: found {strange or 'nothing'!r}; expected {of}: numbers and "
            "abbreviations written out",
            code=WRONG_INPUT,
        )


def _option(language: str) -> str:
    return "--text" if language == RUSSIAN else f"--text-in {language}"


def _in_words(overlay: Overlay) -> str:
    return f"{_what(overlay)}, until {_local(overlay.until)}"


def _what(overlay: Overlay) -> str:
    said = ", ".join(overlay.prompts)
    if overlay.item is None:
        return f"announcement {said}"
    return f"key {overlay.item.key} to {overlay.item.leads.value}:{overlay.item.to}, said: {said}"


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
