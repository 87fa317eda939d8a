"""
Prove that RHVoice's library loads into this Python, and write down where its parts lie.

Usage: ``describe_speech.py BUILT_FOLDER FINAL_FOLDER LIBRARY_FOLDER``. Writes `paths.json` into the
built folder, with the paths it will have once renamed to the final one.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

# In the order in which they must be loaded: each one needs those before it.
LIBRARIES = ("libsonic.so.0", "libRHVoice_core.so.*", "libRHVoice.so.5")


def describe(built: Path, final: Path, library_folder: str) -> dict[str, object]:
    """Load each library once and return the paths as they will be."""
    loaded = []
    for pattern in LIBRARIES:
        found = min((built / library_folder).glob(pattern))
        ctypes.CDLL(str(found), mode=ctypes.RTLD_GLOBAL)
        loaded.append(str(final / found.relative_to(built)))
    return {
        "library": loaded[-1],
        "preload": loaded[:-1],
        "library_path": str(final / library_folder),
        # No loader of its own: the library was loaded into the Python that runs this.
        "loader": None,
        "data": str(final / "data"),
        "config": str(final / "etc" / "RHVoice"),
        "voices": sorted(path.name for path in (built / "data" / "voices").iterdir()),
    }


if __name__ == "__main__":
    built_folder = Path(sys.argv[1])
    paths = describe(built_folder, Path(sys.argv[2]), sys.argv[3])
    (built_folder / "etc" / "RHVoice").mkdir(parents=True, exist_ok=True)
    (built_folder / "paths.json").write_text(json.dumps(paths, indent=2) + "\n", encoding="utf-8")
