"""
The passwords of one installation: for ARI, for AMI, and one for every operator's phone.

They are made here, once, by the operating system's random generator, and live in one file that only
its owner reads. Adding an operator adds a password and changes no other.

Rule 1: no password is ever in `ekc.yaml`, in a template or in git.
Rule 2: a password of an operator who left is dropped, so that coming back gives a new one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_BYTES: Final = 24
"""192 bits: 32 characters, far above what is asked of SIP passwords."""
_FILE_MODE: Final = 0o600


class SecretsError(Exception):
    """The file of secrets cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords; they never appear in a `repr`."""

    ari: str = field(repr=False)
    ami: str = field(repr=False)
    operators: Mapping[str, str] = field(repr=False)
    """By account."""


def load_or_create_secrets(path: Path, accounts: Iterable[str]) -> Secrets:
    """
    Return the installation's secrets, with exactly one for each of `accounts`.

    Raises:
        SecretsError: The file is damaged, or readable to others.
        OSError: It cannot be read or written.
    """
    known = _read(path)
    operators = known.operators if known else {}
    complete = Secrets(
        ari=known.ari if known else _new_password(),
        ami=known.ami if known else _new_password(),
        operators={account: operators.get(account) or _new_password() for account in accounts},
    )
    if complete != known:
        _write(path, complete)
    return complete


def _new_password() -> str:
    return secrets.token_urlsafe(_BYTES)


def _read(path: Path) -> Secrets | None:
    try:
        mode = path.stat().st_mode & 0o777
        content = json.loads(path.read_text(encoding="utf-8"))
        found = Secrets(
            ari=_text(content["ari"]),
            ami=_text(content["ami"]),
            operators={str(name): _text(word) for name, word in content["operators"].items()},
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretsError(
            f"{path}: found something else than the secrets of this installation; expected JSON "
            "with ari, ami and operators. Restore it from a backup; if you remove it, every phone "
            "needs its new password."
        ) from error
    if mode & 0o077:
        raise SecretsError(
            f"{path}: found the file open to others (mode {mode:04o}); expected 0600. "
            f"Run `chmod 600 {path}`, and change the passwords if others used this machine."
        )
    return found


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a password must be a text")
    return value


def _write(path: Path, known: Secrets) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=_FILE_MODE)
    content = {"ari": known.ari, "ami": known.ami, "operators": dict(known.operators)}
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)
