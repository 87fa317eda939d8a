"""
The secrets of one installation: passwords for ARI, AMI, phones and HTTP, and the journal's key.

Information systems know us by secrets that others have made; those are kept here, too.

They are made here, once, by the operating system's random generator, and live in one file that only
its owner reads. Adding an operator adds a password and changes no other.

Rule 1: no password is ever in `ekc.yaml`, in a template or in git.
Rule 2: a password of somebody who left is dropped, so that coming back gives a new one.
Rule 3: what others have made is kept as it is, whether anything needs it or not.
Rule 4: a file of an older version lacks some; they are added, and what is there never changes.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

_BYTES: Final = 24
"""192 bits: 32 characters, far above what is asked of SIP passwords."""
_KEY_BYTES: Final = 32
"""What AES-256 takes."""
_FILE_MODE: Final = 0o600


class SecretsError(Exception):
    """The file of secrets cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords and keys; they never appear in a `repr`."""

    ari: str = field(repr=False)
    ami: str = field(repr=False)
    guard: str = field(repr=False)
    """The guard's, for AMI."""
    api: str = field(repr=False)
    """Whoever shows it may declare presences over HTTP."""
    journal: bytes = field(repr=False)
    """The key that the engine's journal is encrypted with; without it the journal is lost."""
    operators: Mapping[str, str] = field(repr=False)
    """By account; supervisors' phones have theirs here, too."""
    services: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the service's id: what an information system knows us by."""


def load_or_create_secrets(path: Path, accounts: Iterable[str]) -> Secrets:
    """
    Return the installation's secrets, with exactly one for each of `accounts`.

    Raises:
        SecretsError: The file is damaged, or readable to others.
        OSError: It cannot be read or written.
    """
    known = _read(path)
    complete = _completed(known or {}, accounts)
    if _as_json(complete) != known:
        _write(path, _as_json(complete))
    return complete


def keep_service_secret(path: Path, accounts: Iterable[str], *, service: str, secret: str) -> None:
    """
    Keep what an information system knows us by.

    Raises:
        SecretsError: The file is damaged, or readable to others.
        OSError: It cannot be read or written.
    """
    known = load_or_create_secrets(path, accounts)
    _write(path, _as_json(replace(known, services={**known.services, service: secret})))


def _completed(known: Mapping[str, Any], accounts: Iterable[str]) -> Secrets:
    operators = known.get("operators", {})
    key = known.get("journal")
    return Secrets(
        ari=known.get("ari") or _new_password(),
        ami=known.get("ami") or _new_password(),
        guard=known.get("guard") or _new_password(),
        api=known.get("api") or _new_password(),
        journal=base64.b64decode(key) if key else secrets.token_bytes(_KEY_BYTES),
        operators={account: operators.get(account) or _new_password() for account in accounts},
        services=known.get("services", {}),
    )


def _new_password() -> str:
    return secrets.token_urlsafe(_BYTES)


def _read(path: Path) -> dict[str, Any] | None:
    """Return what the file holds, checked; None when it is not there."""
    try:
        mode = path.stat().st_mode & 0o777
        found = json.loads(path.read_text(encoding="utf-8"))
        _check(found)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SecretsError(
            f"{path}: found something else than the secrets of this installation; expected JSON "
            "with ari, ami, guard, journal and operators. Restore it from a backup; if you remove "
            "it, every phone needs its new password and the journal cannot be read any more."
        ) from error
    if mode & 0o077:
        raise SecretsError(
            f"{path}: found the file open to others (mode {mode:04o}); expected 0600. "
            f"Run `chmod 600 {path}`, and change the passwords if others used this machine."
        )
    return {str(name): value for name, value in found.items()}


def _check(found: Any) -> None:
    for word in (
        found["ari"],
        found["ami"],
        *found["operators"].values(),
        *found.get("services", {}).values(),
    ):
        _check_password(word)
    for word in ("guard", "api"):
        if word in found:
            _check_password(found[word])
    if "journal" in found and len(base64.b64decode(found["journal"], validate=True)) != _KEY_BYTES:
        raise ValueError(f"the journal's key must have {_KEY_BYTES} bytes")


def _check_password(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError("a password must be a text")


def _as_json(known: Secrets) -> dict[str, Any]:
    written = {
        "ari": known.ari,
        "ami": known.ami,
        "guard": known.guard,
        "api": known.api,
        "journal": base64.b64encode(known.journal).decode("ascii"),
        "operators": dict(known.operators),
    }
    return written | ({"services": dict(known.services)} if known.services else {})


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=_FILE_MODE)
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)
