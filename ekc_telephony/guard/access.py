"""
`guard.json`: where AMI is and who the guard is there, as `ekc conf render` writes it.

    {"host": "127.0.0.1", "port": 5038, "user": "ekc-guard", "secret": "..."}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from ekc_telephony.adapters.ami.client import AmiAccess

_FIELDS: Final = {"host": str, "port": int, "user": str, "secret": str}
_ADVICE: Final = "Write it again with `ekc conf render`."


class AccessFileError(Exception):
    """The file cannot be used; the text says where, what was found and what to do."""


def read_access(path: Path) -> AmiAccess:
    """
    Read the file.

    Raises:
        AccessFileError: It is not there, may not be read, or holds something else.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise AccessFileError(f"{path}: cannot be read ({trouble.strerror}). {_ADVICE}") from None
    except ValueError as mistake:
        raise AccessFileError(f"{path}: is no JSON ({mistake}). {_ADVICE}") from None
    if not isinstance(found, dict) or found.keys() != _FIELDS.keys():
        names = sorted(found) if isinstance(found, dict) else type(found).__name__
        raise AccessFileError(
            f"{path}: found {names}; expected exactly the fields {sorted(_FIELDS)}. {_ADVICE}"
        )
    for name, kind in _FIELDS.items():
        if type(found[name]) is not kind:
            raise AccessFileError(
                f"{path}: {name} is {type(found[name]).__name__}; expected {kind.__name__}. "
                f"{_ADVICE}"
            )
    return AmiAccess(**found)
