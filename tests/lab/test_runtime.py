"""Where the parts of the embedded runtime are found, and what is said when one is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.runtime import Runtime, RuntimeMissingError


def test_a_clone_without_runtime_says_to_run_make_setup(tmp_path: Path) -> None:
    with pytest.raises(RuntimeMissingError, match=r"run `make setup` in "):
        Runtime.find(tmp_path)


def test_a_runtime_without_speech_says_to_run_make_setup_speech(tmp_path: Path) -> None:
    with pytest.raises(RuntimeMissingError, match=r"run `make setup-speech` in "):
        _ = Runtime(tmp_path / ".runtime").speech


def test_speech_paths_are_read_as_setup_wrote_them(tmp_path: Path) -> None:
    written = {
        "library": "/s/lib.so",
        "preload": ["/s/a.so"],
        "library_path": "/s",
        "data": "/s/data",
        "config": "/s/etc",
        "voices": ["anna"],
    }
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech/paths.json").write_text(json.dumps(written))
    speech = Runtime(tmp_path).speech
    assert speech.preload == (Path("/s/a.so"),)
    assert speech.voices == ("anna",)


def test_this_clones_runtime_is_complete() -> None:
    runtime = Runtime.find()
    assert runtime.asterisk.stat().st_mode & 0o111
    assert runtime.sipp.stat().st_mode & 0o111
    assert (runtime.asterisk_modules / "res_ari.so").exists()
    assert (runtime.asterisk_data / "sounds/ru").is_dir()
    assert (runtime.asterisk_data / "static-http").is_dir()
    assert any(name == "asterisk: asterisk" for name in runtime.versions)
