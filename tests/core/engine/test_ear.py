"""A caller hears one thing at a time, and nothing before he is answered."""

from __future__ import annotations

from ekc_telephony.core.call.commands import (
    AnswerLeg,
    PlayPrompts,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from ekc_telephony.core.engine.ear import PLAYBACK_LIMIT, Ear
from ekc_telephony.core.kernel.ids import CallId, LegId, PlaybackId, PromptKey
from tests.core.office import NOON

CALL, LEG = CallId("olga"), LegId("olga")
HELLO, BYE = (PromptKey("hello"),), (PromptKey("bye"),)
ANSWER = AnswerLeg(call=CALL, leg=LEG)
START_MUSIC, STOP_MUSIC = StartMusic(call=CALL, leg=LEG), StopMusic(call=CALL, leg=LEG)


def play(number: int, prompts: tuple[PromptKey, ...]) -> PlayPrompts:
    playback = PlaybackId(f"olga-play-{number}")
    return PlayPrompts(call=CALL, leg=LEG, playback=playback, prompts=prompts)


def stop(number: int) -> StopPlayback:
    return StopPlayback(call=CALL, playback=PlaybackId(f"olga-play-{number}"))


def test_the_first_sound_is_preceded_by_an_answer_and_only_the_first() -> None:
    ear = Ear(CALL, LEG)
    assert ear.say(HELLO, NOON) == [ANSWER, play(1, HELLO)]
    ear.heard()
    assert ear.say(BYE, NOON) == [play(2, BYE)]
    assert ear.answer() == []


def test_a_leg_that_was_answered_before_is_not_answered_again() -> None:
    ear = Ear(CALL, LEG, is_answered=True)
    assert ear.play_music() == [START_MUSIC]


def test_new_prompts_replace_the_old_ones_whose_end_concerns_nobody() -> None:
    ear = Ear(CALL, LEG, is_answered=True)
    ear.say(HELLO, NOON)
    assert ear.say(BYE, NOON) == [stop(1), play(2, BYE)]
    assert not ear.is_hearing(PlaybackId("olga-play-1"))
    assert ear.is_hearing(PlaybackId("olga-play-2"))
    assert ear.prompts == BYE


def test_music_gives_way_to_prompts_and_prompts_to_music() -> None:
    ear = Ear(CALL, LEG, is_answered=True)
    assert ear.play_music() == [START_MUSIC]
    assert ear.play_music() == []
    assert ear.say(HELLO, NOON) == [STOP_MUSIC, play(1, HELLO)]
    assert ear.play_music() == [stop(1), START_MUSIC]
    assert ear.hush() == [STOP_MUSIC]
    assert ear.hush() == []


def test_prompts_count_as_over_at_the_latest_after_the_limit() -> None:
    ear = Ear(CALL, LEG, is_answered=True)
    assert not ear.is_overdue(NOON)
    ear.say(HELLO, NOON)
    limit = NOON + PLAYBACK_LIMIT
    assert ear.next_deadline() == limit
    assert (ear.is_overdue(NOON), ear.is_overdue(limit)) == (False, True)
    ear.heard()
    assert ear.next_deadline() is None
    assert not ear.is_busy
