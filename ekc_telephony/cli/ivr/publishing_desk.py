"""
What the commands that publish have in common: who does it, where it goes, and telling the engine.

Exit status of all of them: 0 done, and used by the engine if one runs; 1 refused, or the engine
cannot use it; 2 wrong input.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ekc_telephony.adapters.asterisk_conf.secrets import SecretsError
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.http.scripts_api import InUse
from ekc_telephony.adapters.published.folder import ScriptFolder
from ekc_telephony.bootstrap.full_gate import GATE
from ekc_telephony.bootstrap.gate import GateRefusedError
from ekc_telephony.bootstrap.overlays import OverlayRefusedError, Overlays
from ekc_telephony.bootstrap.publishing import NothingToPublishError, Publisher
from ekc_telephony.bootstrap.texts import Tell
from ekc_telephony.cli.asking import NOT_WELL, WRONG_INPUT, fail
from ekc_telephony.cli.asking_engine import RefusedError, ask_engine
from ekc_telephony.cli.prompt_rendering import rendering_progress
from ekc_telephony.cli.wallboard import EngineSilentError
from ekc_telephony.core.ivr.published import Person
from ekc_telephony.runtime.ports import Clock, ScriptStore, ScriptStoreError
from ekc_telephony.settings.errors import SettingsError
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Why = Annotated[str, typer.Option("--why", help="Why; kept in the register.")]
Who = Annotated[
    str | None, typer.Option("--who", help="Who does it; your login, if absent. Both are kept.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
SHORT: Final = 8
"""So many characters of a version are enough for a person."""
_MANY_LINES: Final = 200
_LOGIN_UID: Final = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN: Final = 2**32 - 1
"""Of whoever came by no login: a service, a container (proc(5): -1 as an unsigned number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a command works with."""

    settings: Settings
    store: ScriptStore
    clock: Clock
    tell: Tell
    """Shows how far the speaking of texts is."""

    @property
    def publisher(self) -> Publisher:
        """Changes versions."""
        return Publisher(self.settings, self.store, clock=self.clock, gate=GATE, tell=self.tell)

    @property
    def overlays(self) -> Overlays:
        """Lays overlays."""
        return Overlays(self.settings, self.store, clock=self.clock)


@contextmanager
def desk(config: Path) -> Iterator[Desk]:
    """
    Open what a command works with; whatever it is refused is told, and ends it.

    Raises:
        typer.Exit: It was refused, or the input is wrong.
    """
    try:
        settings = load_settings(config)
        store = ScriptFolder(settings.published_folder)
        with rendering_progress() as tell:
            yield Desk(settings=settings, store=store, clock=SystemClock(), tell=tell)
    except (SettingsError, NothingToPublishError) as error:
        fail(str(error), code=WRONG_INPUT)
    except (GateRefusedError, OverlayRefusedError, ScriptStoreError) as error:
        fail(str(error), code=NOT_WELL)


def person(who: str | None) -> Person:
    """Return who does it: whoever is logged in, behind `sudo` as well, or says he is another."""
    login = login_of(_LOGIN_UID, sudo_user=os.environ.get("SUDO_USER"))
    return Person(name=(who or login).strip() or login, login=login)


def reason(why: str) -> str:
    """
    Return the reason.

    Raises:
        typer.Exit: There is none.
    """
    if not why.strip():
        fail("--why: found nothing; expected why, in a sentence", code=WRONG_INPUT)
    return why.strip()


def tell_engine(settings: Settings, *, who: Person) -> None:
    """
    Let the engine look at what is published now, and say what came of it.

    Raises:
        typer.Exit: The engine cannot use it.
    """
    try:
        told = ask_engine(settings, "POST", ("api", "scripts", "take"), {"by": who.name[:80]})
    except EngineSilentError:
        typer.echo("The engine does not answer: it takes it within a second, or when it starts.")
        return
    except (RefusedError, SecretsError, OSError) as error:
        fail(f"published, but not told to the engine: {error}", code=NOT_WELL)
    in_use = msgspec.json.decode(told, type=InUse)
    if in_use.trouble is not None:
        fail(in_use.trouble, code=NOT_WELL)
    typer.echo(f"Live: new calls meet publication {in_use.number}; calls that go on keep theirs.")


def shown(diff: str) -> str:
    """Return a difference for a person; of a long one, its beginning."""
    lines = diff.splitlines()
    if len(lines) <= _MANY_LINES:
        return diff
    return "\n".join([*lines[:_MANY_LINES], f"… and {len(lines) - _MANY_LINES} lines more"])


def login_of(login_uid: Path, *, sudo_user: str | None) -> str:
    """
    Return the login of whoever runs this.

    Args:
        login_uid: Where the kernel says who logged in: `sudo` and `su` do not change it, and no
            variable of the environment does (pam_loginuid(8)). Nobody did in a container.
        sudo_user: What `sudo` says, where the kernel does not know.
    """
    try:
        uid = int(login_uid.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without audit
        uid = _NOBODY_LOGGED_IN
    if uid != _NOBODY_LOGGED_IN:
        return _name_of(uid)
    return sudo_user or _name_of(os.getuid())


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container with a user of no name
        return str(uid)
