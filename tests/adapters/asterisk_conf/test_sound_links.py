"""Asterisk's folder has a link for every language and shelf; what is no language has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekc_telephony.adapters.asterisk_conf.folder import FolderUnusableError, link_sounds
from ekc_telephony.adapters.asterisk_conf.sound_links import playing_language


@pytest.fixture
def shelves(tmp_path: Path) -> dict[str, Path]:
    folders = {name: tmp_path / name for name in ("shipped", "rendered", "studio")}
    for name in ("ru", "moh"):
        (folders["shipped"] / name).mkdir(parents=True)
    return folders


def test_russian_and_english_are_linked_from_the_beginning(
    tmp_path: Path, shelves: dict[str, Path]
) -> None:
    asterisk = tmp_path / "asterisk"

    changes = link_sounds(asterisk, **shelves)

    sounds = asterisk / "data" / "sounds"
    assert {str(each.path.relative_to(sounds)) for each in changes} == {
        f"{language}{dialect}/ekc"
        for language in ("ru", "ru_site_studio_en")
        for dialect in DIALECTS
    }
    assert (sounds / playing_language("ru") / "ekc").readlink() == shelves["studio"] / "ru"
    assert (sounds / "ru_site" / "ekc").readlink() == shelves["rendered"] / "ru"
    assert (sounds / "ru" / "ekc").readlink() == shelves["shipped"] / "ru"
    assert link_sounds(asterisk, **shelves) == []


DIALECTS = ("", "_site", "_site_studio")


def test_a_new_language_is_linked_when_its_folder_is_there(
    tmp_path: Path, shelves: dict[str, Path]
) -> None:
    asterisk = tmp_path / "asterisk"
    link_sounds(asterisk, **shelves)
    (shelves["rendered"] / "tt").mkdir(parents=True)

    added = {each.path.parent.name for each in link_sounds(asterisk, **shelves)}

    assert added == {f"ru_site_studio_tt{dialect}" for dialect in DIALECTS}


def test_the_language_of_a_channel_is_not_cut_off() -> None:
    """MAX_LANGUAGE in Asterisk's include/asterisk/channel.h, with the closing zero."""
    assert len(playing_language("en")) < 40


def test_a_folder_in_the_way_is_told(tmp_path: Path, shelves: dict[str, Path]) -> None:
    (tmp_path / "asterisk/data/sounds/ru/ekc").mkdir(parents=True)

    with pytest.raises(FolderUnusableError, match="Move it away"):
        link_sounds(tmp_path / "asterisk", **shelves)
