"""A mistake in the manifest is told by line and column; checksums are written without harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekc_telephony.adapters.speech.manifest import EngineName, ManifestError, ManifestFile


def _edit(folder: Path, old: str, new: str) -> Path:
    file = folder / "manifest.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_texts_and_voices_are_read(folder: Path) -> None:
    manifest = ManifestFile(folder / "manifest.yaml").manifest

    assert manifest.prompts["hello"].text == "Здравствуйте"
    assert manifest.prompts["hello"].lead_in_ms == 100
    assert manifest.voices["hotline"].engine is EngineName.RHVOICE


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("  bye:", "  hello:", ":9:3:", "duplicate key"),
        (
            "text: Здравствуйте",
            "txet: Здравствуйте",
            ":8:5:",
            "txet: found 'Здравствуйте': no such key",
        ),
        ("text: Здравствуйте", "text: Нажмите 2", ":8:5:", "'2' is not Russian words"),
        ("text: Здравствуйте", "text: ул. Lenina", ":8:5:", "'Lenina' is not Russian words"),
        ("text: Здравствуйте", "text: ''", ":8:5:", "at least 1 character"),
        ("text: Здравствуйте", "voice: hotline", ":7:3:", "text: this key is missing"),
        ("speaker: irina", "speaker: arina", ":5:3:", "licence of speaker 'arina'"),
        ("rate: 0.9", "rate: 9", ":5:46:", "less than or equal to 2"),
        ("default_voice: hotline", "default_voice: lena", ":1:1:", "default_voice names voice"),
        ("engine: rhvoice", "engine: siri", ":5:13:", "found 'siri'"),
        ("seconds: 8", "seconds: long", ":14:5:", "found 'long'"),
        ("locale: ru", "locale: [ru", ":3:14:", "Valid YAML is expected"),
    ],
)
def test_a_mistake_is_told_with_line_column_and_what_is_expected(
    folder: Path, old: str, new: str, place: str, words: str
) -> None:
    file = _edit(folder, old, new)

    with pytest.raises(ManifestError) as caught:
        ManifestFile(file)

    told = str(caught.value).splitlines()
    assert any(line.startswith(f"{file}{place}") and words in line for line in told)


def test_every_mistake_is_told_at_once(folder: Path) -> None:
    file = _edit(_edit(folder, "seconds: 8", "seconds: long").parent, "rate: 0.9", "rate: 9")

    with pytest.raises(ManifestError) as caught:
        ManifestFile(file)

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("content", ["", "- a list", "\x00", "{"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ManifestError, match="is expected"):
        ManifestFile(file)


def test_a_manifest_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        ManifestFile(tmp_path / "manifest.yaml")


def test_writing_checksums_keeps_comments_quotes_and_order(folder: Path) -> None:
    path = folder / "manifest.yaml"
    before = path.read_text(encoding="utf-8")
    file = ManifestFile(path)

    file.record("prompts", "hello", rendered_from="a" * 64, sha256="b" * 64)
    file.save()

    added = f"    rendered_from: {'a' * 64}\n    sha256: {'b' * 64}\n"
    assert path.read_text(encoding="utf-8").replace(added, "") == before
    assert ManifestFile(path).manifest.prompts["hello"].sha256 == "b" * 64
