"""
`ekc ivr run`: call a script from the terminal.

What the caller hears is printed as text, with its node; keys are typed. With `--keys` nothing is
asked: the call is made, told, and over.

Exit status: 0 the caller left the script, 1 he did not, or a key could not be pressed, 2 wrong
input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.speech.engine import SpeechError
from ekc_telephony.adapters.speech.manifest import ManifestError
from ekc_telephony.adapters.speech.paths import RUNTIME
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail
from ekc_telephony.cli.ivr.hearing import Loudspeaker, Voice, find_player, write_heard
from ekc_telephony.cli.ivr.transcript import Transcript
from ekc_telephony.core.ivr.rehearsal import Awaits, NotNowError, Rehearsal
from ekc_telephony.core.ivr.rehearsed import Rehearsed
from ekc_telephony.core.ivr.script import Collect, Lookup, Menu, Question
from ekc_telephony.core.kernel.ids import ServiceId
from ekc_telephony.settings.errors import SettingsError, suggest
from ekc_telephony.settings.ivr.load import LoadedScript
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.rehearsing.cases import HIDDEN, NUMBER_PATTERN, read_lookup
from ekc_telephony.settings.rehearsing.deeds import Deed, act, read_deeds
from ekc_telephony.settings.rehearsing.phrasebook import Phrasebook
from ekc_telephony.settings.rehearsing.stage import Call, Stage

DEFAULT_NUMBER: Final = "+79990000000"
_WORDS: Final = frozenset({"not_found", "failed", "timeout"})
_MANY: Final = 100
"""Lookups in a row: more are a circle, and whoever types decides."""
_HELP: Final = (
    "keys as 2 or 0715# (all that is said is heard first; !2 cuts it short) · Enter listen on · "
    "t silence · h hang up · o the operator hangs up · n nobody answers outside · m no message"
)

File = Annotated[Path, typer.Argument(help="The script's file, or its name.")]
At = Annotated[
    str | None,
    typer.Option("--at", help='When he calls, by the script\'s clock: "2026-12-31 20:00".'),
]
From = Annotated[str, typer.Option("--from", help="The caller's number, or `hidden`.")]
Dialled = Annotated[str | None, typer.Option("--dialled", help="The number he dialled.")]
Lookups = Annotated[
    list[str] | None,
    typer.Option(
        "--lookup",
        help="What a system answers: name=JSON, name=@file, name=not_found, =failed, =timeout; "
        "given again: one answer after another.",
    ),
]
Keys = Annotated[
    str | None, typer.Option("--keys", help='What he does, for scripts: "2,#,t"; asks nothing.')
]
Listen = Annotated[bool, typer.Option("--listen", help="Play what he hears.")]
Wav = Annotated[
    Path | None, typer.Option("--wav", help="Write what he hears into a file.", dir_okay=False)
]
Personal = Annotated[bool, typer.Option("--personal", help="Show personal variables, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs; asks nothing.")]
Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Runtime = Annotated[Path, typer.Option(help="Where `make setup-speech` put the engines.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What a call is made with."""

    settings: Settings
    stage: Stage
    loaded: LoadedScript
    call: Call
    phrasebook: Phrasebook
    transcript: Transcript
    voice: Voice | None
    """None: nothing is to be heard."""

    def begin(self) -> Rehearsal:
        """Let the call enter the script."""
        lengths = self.phrasebook.length if self.voice is None else self.voice.length
        return self.stage.rehearse(
            self.loaded, self.call, phrasebook=self.phrasebook, lengths=lengths
        )


def run(
    file: File,
    *,
    at: At = None,
    number: From = DEFAULT_NUMBER,
    dialled: Dialled = None,
    lookup: Lookups = None,
    keys: Keys = None,
    wav: Wav = None,
    config: Config = Path("ekc.yaml"),
    runtime: Runtime = RUNTIME,
    listen: Listen = False,
    personal: Personal = False,
    as_json: AsJson = False,
) -> None:
    """Call a script: hear it as text, press keys, see where it leads."""
    deeds = _deeds(keys)
    try:
        settings = load_settings(config)
        stage = Stage(settings)
        loaded = stage.load(_file(file, settings))
        phrasebook = stage.phrasebook(loaded)
        scene = _Scene(
            settings=settings,
            stage=stage,
            loaded=loaded,
            call=Call(
                at=_moment(at, loaded),
                number=_number(number),
                dialled=dialled or stage.dialled_for(loaded.script.script),
                lookups=_lookups(lookup or (), settings),
            ),
            phrasebook=phrasebook,
            transcript=Transcript(phrasebook, zone=loaded.script.zone, personal=personal),
            voice=Voice(settings, phrasebook, runtime=runtime) if listen or wav else None,
        )
        _perform(
            scene, deeds, wav=wav, is_listening=listen, is_quiet=keys is not None, as_json=as_json
        )
    except (SettingsError, ManifestError) as error:
        fail(str(error), code=WRONG_INPUT)
    except (SpeechError, OSError) as error:
        fail(f"ekc ivr run: {error}", code=NOT_WELL)


def _perform(
    scene: _Scene,
    deeds: tuple[Deed, ...],
    *,
    wav: Path | None,
    is_listening: bool,
    is_quiet: bool,
    as_json: bool,
) -> None:
    player = find_player() if is_listening else None
    unheard = None if player is not None else "found no player (aplay, paplay, ffplay, play)"
    speaker = None if player is None else Loudspeaker(player, scene.phrasebook)
    try:
        if is_quiet or as_json:
            call, refused = _make_call(scene, deeds)
            _tell(scene, call, refused, as_json=as_json)
            if speaker is not None:
                speaker.play(call.log)
                speaker.wait()
        else:
            call, refused = _converse(scene, speaker), None
    finally:
        if speaker is not None:
            speaker.close()
            unheard = speaker.trouble
    if is_listening and unheard is not None:
        wav = wav or Path(f"{scene.loaded.script.script}.wav")
        typer.echo(f"{unheard}: nothing was played; {wav} is written", err=True)
    if wav is not None:
        length = write_heard(wav, call, scene.phrasebook)
        typer.echo(f"{wav}: {_seconds(length)}", err=True)
    if refused is not None or call.ended is None:
        raise typer.Exit(NOT_WELL)


def _make_call(scene: _Scene, deeds: tuple[Deed, ...]) -> tuple[Rehearsal, str | None]:
    """Make a call without asking anybody."""
    if scene.voice is not None:
        # A first call finds out what is said, so that it is rendered in one go.
        silent = scene.stage.rehearse(scene.loaded, scene.call, phrasebook=scene.phrasebook)
        act(silent, deeds)
        scene.voice.speak_heard(silent.log)
        scene.phrasebook.forget_lengths()
    call = scene.begin()
    return call, act(call, deeds)


def _converse(scene: _Scene, speaker: Loudspeaker | None) -> Rehearsal:
    """Let a person be the caller."""
    if scene.voice is not None:
        scene.voice.speak_texts(scene.loaded)
        scene.phrasebook.forget_lengths()
    typer.echo(_HELP)
    call = scene.begin()
    told = 0
    while True:
        _wait_for_systems(call)
        for line in scene.transcript.lines(call, since=told):
            typer.echo(line)
        if speaker is not None:
            speaker.play(call.log[told:])
        told = len(call.log)
        if call.awaits is Awaits.NOTHING:
            break
        _do(call, _typed(call))
    if speaker is not None:
        speaker.wait()
    return call


def _wait_for_systems(call: Rehearsal) -> None:
    """Let information systems answer: a caller cannot hasten them."""
    for _ in range(_MANY):
        if call.awaits is Awaits.LISTENER and isinstance(call.script.nodes[call.node], Lookup):
            call.listen()


def _typed(call: Rehearsal) -> str:
    """Ask a person what the caller does; he hangs up who types no more."""
    try:
        return input(f"{_question(call)} › ")
    except EOFError:
        return "h"


def _do(call: Rehearsal, written: str) -> None:
    """Let happen what a person has typed; tell him what cannot be."""
    try:
        deeds = read_deeds(written or "l")
        for deed in deeds:
            deed.happen(call)
    except (NotNowError, ValueError) as refused:
        typer.echo(f"{refused}", err=True)


def _question(call: Rehearsal) -> str:
    """Return what a person is asked for."""
    node = call.script.nodes[call.node]
    match node:
        case Menu(choices=choices) if call.is_asked:
            return f"{call.node} [{' '.join(choices)}]"
        case Question(answers=answers) if call.is_asked:
            return f"{call.node} [{' '.join(answers)}]"
        case Collect() if call.is_asked:
            return f"{call.node} [{node.format.kind.value}]"
        case _:
            waiting = {Awaits.AGENT: " [o h]", Awaits.OUTSIDE: " [n h]", Awaits.MESSAGE: " [m h]"}
            return call.node + waiting.get(call.awaits, "")


def _tell(scene: _Scene, call: Rehearsal, refused: str | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_told(scene, call, refused), ensure_ascii=False, indent=2))
        return
    for line in scene.transcript.lines(call):
        typer.echo(line)
    if refused is not None:
        typer.echo(f"--keys: {refused}", err=True)
    elif call.ended is None:
        typer.echo(f"he is still asked at {call.node}", err=True)


def _told(scene: _Scene, call: Rehearsal, refused: str | None) -> dict[str, object]:
    began_at = scene.call.at
    ended = call.ended
    return {
        "script": scene.loaded.script.script,
        "version": scene.loaded.script.version,
        "steps": list(scene.transcript.records(call)),
        "nodes": list(call.nodes),
        "variables": scene.transcript.variables(call),
        "seconds": round((call.now - began_at).total_seconds(), 3),
        "refused": refused,
        "end": None
        if ended is None
        else {
            "kind": ended.kind.value,
            "detail": ended.detail,
            "outcome": None if ended.outcome is None else ended.outcome.value,
        },
    }


# --- the options


def _file(written: Path, settings: Settings) -> Path:
    """Return the file of a script that is named by it, or by its name."""
    if written.suffix or written.exists():
        return written
    return settings.scripts / f"{written}.yaml"


def _deeds(keys: str | None) -> tuple[Deed, ...]:
    try:
        return read_deeds(keys or "")
    except ValueError as error:
        fail(f"--keys: found {keys!r}, expected {error}", code=WRONG_INPUT)


def _moment(written: str | None, loaded: LoadedScript) -> datetime:
    if written is None:
        return SystemClock().now()
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        fail(
            f'--at: found {written!r}, expected a moment such as "2026-12-31 20:00"',
            code=WRONG_INPUT,
        )
    return at if at.tzinfo is not None else at.replace(tzinfo=loaded.script.zone)


def _number(written: str) -> str | None:
    if not NUMBER_PATTERN.fullmatch(written):
        fail(f"--from: found {written!r}, expected +79131234567 or hidden", code=WRONG_INPUT)
    return None if written == HIDDEN else written


def _lookups(written: Iterable[str], settings: Settings) -> Mapping[ServiceId, Rehearsed]:
    answers: dict[str, list[object]] = {}
    known = [each.id for each in settings.services]
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or name not in known:
            advice = suggest(name, known, "name one of `services:`")
            fail(
                f"--lookup: found {name!r}, expected name=answer of a system; {advice}",
                code=WRONG_INPUT,
            )
        answers.setdefault(name, []).append(_answer(name, value))
    return {
        ServiceId(name): _read(name, given[0] if len(given) == 1 else given)
        for name, given in answers.items()
    }


def _answer(name: str, value: str) -> object:
    if value in _WORDS:
        return value
    try:
        text = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
        return json.loads(text)
    except (OSError, ValueError) as error:
        fail(
            f"--lookup {name}: found no JSON ({error}); expected {{…}}, @file, not_found, failed "
            "or timeout",
            code=WRONG_INPUT,
        )


def _read(name: str, answers: object) -> Rehearsed:
    try:
        return read_lookup(answers)
    except ValueError as error:
        fail(f"--lookup {name}: expected {error}", code=WRONG_INPUT)


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():.1f} s"
