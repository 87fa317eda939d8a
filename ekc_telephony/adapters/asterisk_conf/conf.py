"""
What Asterisk's configuration files are rendered from.

Plain frozen values: this adapter knows nothing of `ekc.yaml`. `settings/asterisk.py` makes a
`NodeConf` from the settings and the secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from typing_extensions import override

CONTROL_ACCOUNT: Final = "ekc"
"""Under this name the engine logs in to ARI and AMI."""
GUARD_ACCOUNT: Final = "ekc-guard"
"""Under this name the guard logs in to AMI."""


class InstallationIncompleteError(Exception):
    """There is no usable Asterisk 22 where the settings say; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The parts of an installed Asterisk that the files name."""

    modules: Path
    """The folder of `*.so`."""
    shipped: Path
    """The folder with `documentation` and `rest-api`."""

    @classmethod
    def find(cls, root: Path) -> Installation:
        """
        Find Asterisk in the tree `root` (`/` for the system's own).

        Raises:
            InstallationIncompleteError: It is not there, or not all of it.
        """
        # Debian puts libraries in a folder named after the processor.
        candidates = [root / "usr/lib/asterisk/modules", *root.glob("usr/lib/*/asterisk/modules")]
        modules = next((path for path in candidates if (path / "res_ari.so").is_file()), None)
        shipped = next(
            (
                path
                for path in (root / "usr/share/asterisk", root / "var/lib/asterisk")
                if (path / "rest-api").is_dir()
            ),
            None,
        )
        if modules is None or shipped is None:
            missing = "modules (res_ari.so)" if modules is None else "rest-api descriptions"
            raise InstallationIncompleteError(
                f"{root}: found no Asterisk {missing}; expected an installed Asterisk 22. "
                "Run `make setup`, or set `asterisk.root` in ekc.yaml (`/` for the system's own)."
            )
        return cls(modules=modules, shipped=shipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An address and a port."""

    bind: str
    port: int

    @override
    def __str__(self) -> str:
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkConf:
    """A trunk: whoever calls from its addresses is a citizen."""

    name: str
    addresses: tuple[str, ...]
    codecs: tuple[str, ...]
    asks_after_calls: bool = True
    """Whether it is asked from time to time if an answered call is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneConf:
    """An operator's phone."""

    account: str
    name: str
    password: str
    contact: str | None
    """A fixed `sip:host:port`; None when the phone registers."""
    fallback_penalty: int
    """While the engine is away his phone rings when nobody with a lower one is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorPhoneConf:
    """A supervisor's phone: no caller is offered to it, in the fallback neither."""

    account: str
    name: str
    password: str
    contact: str | None
    """A fixed `sip:host:port`; None when the phone registers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConf:
    """Everything that the files of one Asterisk say."""

    node: str
    app: str
    """The name of the engine's ARI application."""
    folder: Path
    """Where Asterisk lives; `etc` in it is what is rendered."""
    installation: Installation
    sounds: Path
    """The prompts and the music that come with us."""
    rendered_sounds: Path
    """The prompts that were rendered on the site."""
    studio: Path
    """The prompts that the site's people recorded."""
    sip: Listener
    ari: Listener
    ami: Listener
    rtp_first: int
    rtp_last: int
    ari_password: str
    ami_password: str
    guard_password: str
    qualify_every: timedelta | None
    """How often a registered phone is asked whether it is still there."""
    has_transfer_button: bool
    """Whether operators' phones may send REFER."""
    trunks: tuple[TrunkConf, ...]
    phones: tuple[PhoneConf, ...]
    supervisors: tuple[SupervisorPhoneConf, ...]
    music_classes: tuple[str, ...]
    """Besides `default`."""
    fallback_wait: timedelta
    """How long a caller waits in the fallback before he is promised a call."""
    fallback_wrap_up: timedelta
    """How long an operator is left alone after a call of the fallback."""
