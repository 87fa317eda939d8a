"""A text's key is the same for the same words, and another one for other words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekc_telephony.core.ivr.texts import is_text_key, not_words, plain_text, text_key
from ekc_telephony.core.kernel.ids import PromptKey

TEXTS = st.dictionaries(st.sampled_from(["ru", "en", "tt"]), st.text(min_size=1), min_size=1)


@given(TEXTS)
def test_the_order_of_the_languages_does_not_matter(texts: dict[str, str]) -> None:
    backwards = dict(reversed(texts.items()))

    assert text_key(texts) == text_key(backwards)


@given(TEXTS, TEXTS)
def test_two_texts_have_one_key_only_when_they_sound_the_same(
    one: dict[str, str], other: dict[str, str]
) -> None:
    sound_the_same = {language: plain_text(text) for language, text in one.items()} == {
        language: plain_text(text) for language, text in other.items()
    }

    assert (text_key(one) == text_key(other)) is sound_the_same


def test_line_breaks_and_decomposed_letters_do_not_matter() -> None:
    assert text_key({"ru": "Мой номер"}) == text_key({"ru": "\n  Мои\u0306   номер\n"})


def test_a_key_may_name_a_file_and_is_known_again() -> None:
    key = text_key({"ru": "Здравствуйте!"})

    assert re.fullmatch(r"text-[0-9a-f]{16}", key)
    assert is_text_key(key)
    assert not is_text_key(PromptKey("greeting"))


def test_the_key_of_a_text_stays_what_it_is() -> None:
    """Studios name their recordings by it, and live calls of an older version ask for it."""
    assert text_key({"ru": "Здравствуйте!"}) == "text-25dc8d3ee4b02732"


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Нажмите два", "ru", None),
        ("Нажмите 2", "ru", "2"),
        ("ул. Lenina", "ru", "Lenina"),
        ("Press two", "en", None),
        ("Press 2", "en", "2"),
    ],
)
def test_what_an_engine_would_read_as_it_likes_is_found(
    text: str, language: str, found: str | None
) -> None:
    assert not_words(text, language=language) == found
