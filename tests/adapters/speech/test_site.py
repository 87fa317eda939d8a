"""Texts of scripts are rendered once, whole and with their place; recordings of people win."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from ekc_telephony.adapters.speech.engine import EngineMissingError, Speech, SpeechError, TtsEngine
from ekc_telephony.adapters.speech.manifest import EngineName
from ekc_telephony.adapters.speech.rendering import installed_engine
from ekc_telephony.adapters.speech.site import Shelves, SitePrompts, WantedPrompt, wanted_pieces
from ekc_telephony.adapters.speech.site_rendering import (
    PAUSE,
    RenderedPrompt,
    render_for_site,
)
from ekc_telephony.adapters.speech.telephone_sound import measure, read_wav
from ekc_telephony.core.ivr.spoken import Form, pieces_of
from ekc_telephony.core.ivr.texts import text_key
from ekc_telephony.core.kernel.ids import PromptKey
from tests.adapters.speech.tone_engine import ToneEngine

ROOT = Path(__file__).parents[3]


def wanted(text: str, language: str = "ru", *, place: str = "") -> WantedPrompt:
    return WantedPrompt(key=text_key({language: text}), text=text, language=language, place=place)


NUMBER = wanted("Ваше дело номер", place="status.yaml:7:5")
THANKS = wanted("Спасибо за звонок")


@pytest.fixture
def shelves(folder: Path, tmp_path: Path) -> Shelves:
    return Shelves(shipped=folder, rendered=tmp_path / "rendered", studio=tmp_path / "studio")


def render(
    shelves: Shelves, *prompts: WantedPrompt, engine: TtsEngine | None = None
) -> list[RenderedPrompt]:
    """Render what is missing, and return what was told of it."""
    speaking = engine or ToneEngine()

    def open_engine(_: EngineName) -> TtsEngine:
        return speaking

    told: list[RenderedPrompt] = []
    site = SitePrompts(shelves)
    orders = site.missing(prompts)
    asyncio.run(render_for_site(site, orders, open_engine=open_engine, tell=told.append))
    return told


def missing(shelves: Shelves, *prompts: WantedPrompt) -> list[PromptKey]:
    return [order.wanted.key for order in SitePrompts(shelves).missing(prompts)]


def put(shelf: Path, key: str, content: bytes = b"recorded", *, language: str = "ru") -> Path:
    file = shelf / language / f"{key}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_a_text_is_rendered_once_and_progress_is_told(
    shelves: Shelves, tone_engine: ToneEngine
) -> None:
    assert missing(shelves, NUMBER, THANKS, NUMBER) == [NUMBER.key, THANKS.key]

    told = render(shelves, NUMBER, THANKS, NUMBER, engine=tone_engine)

    assert [(each.done, each.due) for each in told] == [(1, 2), (2, 2)]
    assert tone_engine.spoken == [NUMBER.text, THANKS.text]
    assert not tone_engine.is_open
    assert missing(shelves, NUMBER, THANKS) == []
    assert shelves.find(NUMBER.key) == shelves.rendered / "ru" / f"{NUMBER.key}.wav"
    assert render(shelves, NUMBER, THANKS) == []


class PatientEngine(ToneEngine):
    """Says its first text only when another engine is about to say one."""

    def __init__(self, both_speak: asyncio.Barrier) -> None:
        super().__init__()
        self._both_speak = both_speak

    @override
    async def synthesize(self, text: str, *, speaker: str, rate: float) -> Speech:
        if not self.spoken:
            await self._both_speak.wait()
        return await super().synthesize(text, speaker=speaker, rate=rate)


def test_many_texts_are_spoken_by_two_engines_at_once_and_each_by_one_of_them(
    shelves: Shelves,
) -> None:
    engines: list[ToneEngine] = []
    both_speak = asyncio.Barrier(2)

    def open_engine(_: EngineName) -> TtsEngine:
        engines.append(PatientEngine(both_speak))
        return engines[-1]

    pieces = wanted_pieces(pieces_of(Form.TIME))
    site = SitePrompts(shelves)
    asyncio.run(render_for_site(site, site.missing(pieces), open_engine=open_engine))

    assert len(engines) == 2
    assert sorted(text for each in engines for text in each.spoken) == sorted(
        piece.text for piece in pieces
    )
    assert not any(each.is_open for each in engines)


def test_a_file_of_the_studio_is_heard_and_never_touched(shelves: Shelves) -> None:
    own = put(shelves.studio, NUMBER.key)

    assert render(shelves, NUMBER) == []

    assert shelves.find(NUMBER.key) == own
    assert own.read_bytes() == b"recorded"
    assert not shelves.rendered.exists()


def test_a_file_of_the_studio_is_heard_instead_of_a_rendered_and_of_a_shipped_one(
    shelves: Shelves,
) -> None:
    render(shelves, NUMBER)
    put(shelves.shipped, "hello")

    of_text, of_prompt = put(shelves.studio, NUMBER.key), put(shelves.studio, "hello")

    assert shelves.find(NUMBER.key) == of_text
    assert shelves.find(PromptKey("hello")) == of_prompt
    assert shelves.keys() == {"hello", NUMBER.key}


def test_a_shipped_prompt_is_not_rendered(shelves: Shelves) -> None:
    put(shelves.shipped, "number-30")

    assert missing(shelves, WantedPrompt(key=PromptKey("number-30"), text="тридцать")) == []


@pytest.mark.parametrize("shelf", ["shipped", "studio"])
def test_a_row_of_the_manifest_with_the_same_text_lends_its_recording(
    shelves: Shelves, shelf: str
) -> None:
    row = put(getattr(shelves, shelf), "hello")
    said_again = wanted("  Здравствуйте\n")

    render(shelves, said_again, engine=ToneEngine(refuses="Здравствуйте"))

    found = shelves.find(said_again.key)
    assert found is not None
    assert found.read_bytes() == b"recorded"
    row.write_bytes(b"recorded anew")
    assert missing(shelves, said_again) == [said_again.key]


def test_a_changed_voice_makes_rendered_files_stale(shelves: Shelves) -> None:
    render(shelves, NUMBER)
    manifest = shelves.shipped / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("rate: 0.9", "rate: 1.0"))

    assert missing(shelves, NUMBER) == [NUMBER.key]


def test_a_file_that_was_deleted_and_a_memory_that_is_torn_are_made_anew(shelves: Shelves) -> None:
    render(shelves, NUMBER, THANKS)
    found = shelves.find(NUMBER.key)
    assert found is not None

    found.unlink()
    assert missing(shelves, NUMBER, THANKS) == [NUMBER.key]
    (found.parent / ".made-from.json").write_text('{"text-')
    assert missing(shelves, NUMBER, THANKS) == [NUMBER.key, THANKS.key]


def test_two_who_render_at_once_remember_what_both_have_done(shelves: Shelves) -> None:
    one, other = SitePrompts(shelves), SitePrompts(shelves)
    for site, prompt in ((one, NUMBER), (other, THANKS)):
        site.keep(site.missing([prompt])[0], b"RIFF")
    one.save()
    other.save()

    assert missing(shelves, NUMBER, THANKS) == []
    assert [file.name for file in (shelves.rendered / "ru").glob(".*")] == [".made-from.json"]


def test_a_text_that_is_refused_is_told_with_its_place_and_what_was_done_stays(
    shelves: Shelves,
) -> None:
    engine = ToneEngine(refuses=NUMBER.text)

    with pytest.raises(SpeechError, match=r"^status.yaml:7:5: 'Ваше дело номер' \(ru\) was not"):
        render(shelves, THANKS, NUMBER, engine=engine)

    assert not engine.is_open
    assert missing(shelves, THANKS, NUMBER) == [NUMBER.key]


def test_a_folder_that_cannot_be_written_is_told(shelves: Shelves) -> None:
    shelves.rendered.write_text("a file where a folder is expected")

    with pytest.raises(OSError, match="rendered"):
        render(shelves, NUMBER)


def test_another_language_is_spoken_by_its_voice_or_by_espeak(shelves: Shelves) -> None:
    english, tatar = wanted("Good evening", "en"), wanted("Хәерле кич", "tt")
    manifest = shelves.shipped / "manifest.yaml"
    text = manifest.read_text().replace("voices:\n", "languages: {en: hotline}\nvoices:\n")
    manifest.write_text(text)

    voices = [order.voice for order in SitePrompts(shelves).missing([english, tatar])]

    assert [(each.engine, each.speaker) for each in voices] == [
        (EngineName.RHVOICE, "irina"),
        (EngineName.ESPEAK, "tt"),
    ]


def test_a_language_without_an_engine_is_told_with_what_to_install(shelves: Shelves) -> None:
    english = wanted("Good evening", "en", place="hotline.yaml:3:9")

    def not_there(name: EngineName) -> TtsEngine:
        raise EngineMissingError(f"{name.value} is missing. Install Debian's package espeak-ng.")

    site = SitePrompts(shelves)
    with pytest.raises(EngineMissingError, match=r"^hotline.yaml:3:9: 'Good evening' .*Install"):
        asyncio.run(render_for_site(site, site.missing([english]), open_engine=not_there))


def test_a_pause_is_silence_and_pieces_begin_sooner_than_texts(shelves: Shelves) -> None:
    pause, digit, _ = wanted_pieces(
        {PromptKey("pause"): "", PromptKey("key-1"): "один"} | {PromptKey("key-2"): "два"}
    )
    render(shelves, pause, digit, replace(THANKS, text="один"))

    def sound_of(prompt: WantedPrompt) -> bytes:
        found = shelves.find(prompt.key)
        assert found is not None
        return found.read_bytes()

    silence = measure(read_wav(sound_of(pause)))
    assert silence.duration == silence.lead_in == PAUSE
    piece, text = (measure(read_wav(sound_of(each))) for each in (digit, THANKS))
    assert (text.lead_in - piece.lead_in).total_seconds() == pytest.approx(0.08, abs=0.005)


def test_rhvoice_speaks_what_a_script_needs_and_the_second_time_has_nothing_to_say(
    tmp_path: Path,
) -> None:
    shelves = Shelves(
        shipped=ROOT / "sounds", rendered=tmp_path / "rendered", studio=tmp_path / "studio"
    )
    pieces = wanted_pieces(pieces_of(Form.DIGITS)) + wanted_pieces(pieces_of(Form.TIME))
    prompts: Sequence[WantedPrompt] = [NUMBER, *pieces]

    def open_engine(name: EngineName) -> TtsEngine:
        return installed_engine(name, runtime=ROOT / ".runtime")

    site = SitePrompts(shelves)
    orders = site.missing(prompts)
    asyncio.run(render_for_site(site, orders, open_engine=open_engine))

    # The digits and most minutes come with us; the hours, the other minutes and the pause do not.
    assert len(orders) == 1 + 1 + 24 + 27
    assert missing(shelves, *prompts) == []
    for order in orders:
        found = shelves.find(order.wanted.key)
        assert found is not None
        sound = measure(read_wav(found.read_bytes()))
        if order.wanted.text:
            assert sound.peak_dbfs == pytest.approx(-3, abs=0.1)
            assert 4 < len(order.wanted.text) / sound.duration.total_seconds() < 20


def test_whoever_counts_on_a_rendered_file_makes_it_young_and_nobody_elses(
    shelves: Shelves,
) -> None:
    files = [put(shelves.rendered, each.key) for each in (NUMBER, THANKS)]
    for each in files:
        os.utime(each, (0, 0))
    SitePrompts(shelves).want([NUMBER, wanted("Никто не произнёс")])
    assert files[0].stat().st_mtime > 0
    assert files[1].stat().st_mtime == 0


def test_what_is_removed_is_forgotten_and_rendered_again_when_it_is_wanted(
    shelves: Shelves,
) -> None:
    render(shelves, NUMBER, THANKS)
    site = SitePrompts(shelves)
    site.remove([shelves.rendered / "ru" / f"{THANKS.key}.wav"])
    assert missing(shelves, NUMBER, THANKS) == [THANKS.key]
    render(shelves, THANKS)
    assert missing(shelves, NUMBER, THANKS) == []
