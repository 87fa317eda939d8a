"""A folder of sounds to play with, and engines that need no installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.speech.tone_engine import ToneEngine

MANIFEST = """\
# A comment that must survive.
locale: ru
default_voice: hotline
voices:
  hotline: {engine: rhvoice, speaker: irina, rate: 0.9, licence: free}
prompts:
  hello:
    text: Здравствуйте
  bye:
    text: "До свидания: всего доброго"  # quoted
music:
  calm:
    tune: calm-chords
    seconds: 8
"""


@pytest.fixture
def tone_engine() -> ToneEngine:
    return ToneEngine()


@pytest.fixture
def refusing_engine() -> ToneEngine:
    """Speaks the first prompt of the folder and refuses the second one."""
    return ToneEngine(refuses="До свидания: всего доброго")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a manifest and nothing rendered yet."""
    (tmp_path / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path
