"""
The folder `agi/`: the fallback's script with all that it needs.

Asterisk starts `ekc-fallback`, which finds an interpreter and runs `fallback_agi.py`. Beside it lie
the two modules of pyst2 and six that it imports, taken from where this program runs. So the folder
works wherever Asterisk lives: in a clone, in a system install, and in a container that has nothing
but an interpreter.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ekc_telephony.adapters.asterisk_conf import fallback_agi

_LAUNCHER: Final = """\
#!/bin/sh
# Rendered by `ekc conf render`, whose interpreter is the first choice; a container lacks it.
# -S: nothing is imported but what lies beside the script, and it starts in half the time.
for python in {python} python3 /usr/bin/python3; do
  command -v "$python" >/dev/null 2>&1 || continue
  exec "$python" -E -s -S "${{0%/*}}/fallback_agi.py" "$@"
done
echo "ekc-fallback: found no Python; expected {python} or python3." >&2
echo "ekc-fallback: Install python3, or run 'ekc conf render' with the one that is there." >&2
exit 1
"""


def agi_files() -> Mapping[str, str]:
    """Return the text of every file, by its name in `agi`."""
    modules = {
        "fallback_agi.py": fallback_agi.__name__,
        "asterisk/__init__.py": "asterisk",
        "asterisk/agi.py": "asterisk.agi",
        "six.py": "six",
    }
    sources = {name: _source_of(module) for name, module in modules.items()}
    launcher = _LAUNCHER.format(python=shlex.quote(sys.executable))
    return sources | {"ekc-fallback": launcher}


def _source_of(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin).read_text(encoding="utf-8")
