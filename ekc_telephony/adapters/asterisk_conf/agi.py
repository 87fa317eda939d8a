"""
The folder `agi/`: the fallback's two scripts with all that they need.

Asterisk starts `ekc-fallback`, which finds an interpreter and runs `fallback_agi.py`. Beside it lie
the two modules of pyst2 and six that it imports, taken from where this program runs. So the folder
works wherever Asterisk lives: in a clone, in a system install, and in a container that has nothing
but an interpreter.

`ekc-tick VARIABLE` notes when it was started in a clock that nobody can set, for the dialplan knows
the wall clock alone, and functions cannot read `/proc` (FILE() seeks to a file's end).
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

_TICK: Final = """\
#!/bin/sh
# ekc-tick VARIABLE: sets the channel's variable to `<tick> <boot>`. The tick is when this process
# was started, in hundredths of a second since the machine's boot (proc(5), field 22 of `stat`).
# No Python: this runs while a caller waits, and takes 4 ms.
while read -r line && [ -n "$line" ]; do :; done
read -r stat </proc/self/stat
read -r boot </proc/sys/kernel/random/boot_id
# The text after the name in brackets begins with field 3; it becomes the second parameter.
set -- "$1" ${stat##*) }
printf 'SET VARIABLE %s "%s %s"\\n' "$1" "${21}" "$boot"
read -r answer
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
    return sources | {"ekc-fallback": launcher, "ekc-tick": _TICK}


def _source_of(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return Path(spec.origin).read_text(encoding="utf-8")
