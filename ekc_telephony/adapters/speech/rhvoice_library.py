"""
RHVoice's C interface, as much of it as we need: one text in, its samples out.

Structures and functions follow RHVoice.h of RHVoice 1.14 (library version 5). The published Python
wrapper is GPL-3 and unmaintained, hence our own binding. It runs in a process of its own
(`rhvoice_worker`): a crash in the library must not take the caller's process along.

Rule 1: callbacks are kept alive as long as the engine; ctypes does not do that by itself.
"""

from __future__ import annotations

import ctypes as c
from typing import TYPE_CHECKING, ClassVar, Final

from ekc_telephony.adapters.speech.engine import Speech, SpeechError

if TYPE_CHECKING:
    from ekc_telephony.adapters.speech.paths import RhvoicePaths

_SetSampleRate: Final = c.CFUNCTYPE(c.c_int, c.c_int, c.c_void_p)
_PlaySpeech: Final = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_uint, c.c_void_p)

_GO_ON: Final = 1
_PLAIN_TEXT: Final = 0
_SAMPLE_BYTES: Final = 2


class _Callbacks(c.Structure):
    _fields_: ClassVar = [
        ("set_sample_rate", _SetSampleRate),
        ("play_speech", _PlaySpeech),
        *((name, c.c_void_p) for name in ("process_mark", "word_starts", "word_ends")),
        *((name, c.c_void_p) for name in ("sentence_starts", "sentence_ends", "play_audio")),
        ("done", c.c_void_p),
    ]


class _InitParams(c.Structure):
    _fields_: ClassVar = [
        ("data_path", c.c_char_p),
        ("config_path", c.c_char_p),
        ("resource_paths", c.POINTER(c.c_char_p)),
        ("callbacks", _Callbacks),
        ("options", c.c_uint),
    ]


class _SynthParams(c.Structure):
    _fields_: ClassVar = [
        ("voice_profile", c.c_char_p),
        *((f"absolute_{name}", c.c_double) for name in ("rate", "pitch", "volume")),
        *((f"relative_{name}", c.c_double) for name in ("rate", "pitch", "volume")),
        ("punctuation_mode", c.c_int),
        ("punctuation_list", c.c_char_p),
        ("capitals_mode", c.c_int),
        ("flags", c.c_int),
    ]


class RhvoiceLibrary:
    """One loaded RHVoice engine. Not for several threads."""

    def __init__(self, paths: RhvoicePaths) -> None:
        """
        Load the library and open its engine.

        Raises:
            SpeechError: The library cannot be loaded, or finds no voices.
        """
        self._samples = bytearray()
        self._sample_rate_hz = 0
        self._library = _load(paths)
        self._callbacks = _Callbacks(
            set_sample_rate=_SetSampleRate(self._on_sample_rate),
            play_speech=_PlaySpeech(self._on_speech),
        )
        params = _InitParams(
            data_path=str(paths.voices).encode(),
            config_path=str(paths.config).encode(),
            callbacks=self._callbacks,
        )
        self._engine = self._library.RHVoice_new_tts_engine(c.byref(params))
        if not self._engine:
            message = f"RHVoice found no voices in {paths.voices}. Run `make setup-speech` again."
            raise SpeechError(message)

    def speak(self, text: str, *, speaker: str, rate: float) -> Speech:
        """
        Speak a text.

        Raises:
            SpeechError: RHVoice knows no such speaker, or could not speak.
        """
        self._samples.clear()
        encoded = text.encode()
        params = _SynthParams(voice_profile=speaker.encode())
        params.relative_rate, params.relative_pitch, params.relative_volume = rate, 1.0, 1.0
        message = self._library.RHVoice_new_message(
            self._engine, encoded, len(encoded), _PLAIN_TEXT, c.byref(params), None
        )
        if not message:
            complaint = f"RHVoice cannot speak as {speaker!r}: no such voice among the installed."
            raise SpeechError(complaint)
        try:
            spoken = self._library.RHVoice_speak(message)
        finally:
            self._library.RHVoice_delete_message(message)
        if not spoken or not self._samples:
            complaint = f"RHVoice made no sound of {text!r}. Expected: Russian words."
            raise SpeechError(complaint)
        return Speech(samples=bytes(self._samples), sample_rate_hz=self._sample_rate_hz)

    def _on_sample_rate(self, sample_rate_hz: int, _user: object) -> int:
        self._sample_rate_hz = sample_rate_hz
        return _GO_ON

    def _on_speech(self, samples: int, count: int, _user: object) -> int:
        self._samples += c.string_at(samples, count * _SAMPLE_BYTES)
        return _GO_ON


def _load(paths: RhvoicePaths) -> c.CDLL:
    try:
        for file in paths.preload:
            c.CDLL(str(file), mode=c.RTLD_GLOBAL)
        library = c.CDLL(str(paths.library))
    except OSError as error:
        message = f"{paths.library} cannot be loaded: {error}. Run `make setup-speech` again."
        raise SpeechError(message) from error
    library.RHVoice_new_tts_engine.restype = c.c_void_p
    library.RHVoice_new_tts_engine.argtypes = [c.c_void_p]
    library.RHVoice_new_message.restype = c.c_void_p
    library.RHVoice_new_message.argtypes = [
        c.c_void_p,
        c.c_char_p,
        c.c_uint,
        c.c_int,
        c.c_void_p,
        c.c_void_p,
    ]
    library.RHVoice_speak.argtypes = [c.c_void_p]
    library.RHVoice_delete_message.argtypes = [c.c_void_p]
    return library
