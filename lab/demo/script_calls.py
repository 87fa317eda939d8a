"""
The calls to the other scripts that ship: the federal line, 122, and what those two call.

Citizens, applications and doctors are those of `lab/information_systems/people.yaml`, which the
scripts ask by HTTP as they would ask real systems.

Rule 1: what a call asks or changes there, no other call does: it can be told whose trace it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final

from ekc_telephony.core.call.facts import CallOutcome, NoteKind
from lab.demo.calls import (
    Asked,
    BeLeft,
    Booked,
    Draft,
    Fate,
    Hear,
    HearAgent,
    HearText,
    Noted,
    Press,
    Step,
    Trace,
    Visited,
    talk,
)
from lab.demo.site import FEDERAL_NUMBER, REGIONAL_NUMBER

ANNA: Final = "11223344595"
"""Her СНИЛС; she calls from `ANNAS_NUMBER`, for which she has set `ANNAS_CODE_WORD`."""
ANNAS_NUMBER: Final = "+79990000001"
ANNAS_CODE_WORD: Final = "4521"
BORIS: Final = "12345678964"
VERA: Final = "08765430300"
GRANTED: Final = ("1000002", "13012026", "2026-01-13")
"""An application: its number, and the day it was made, as it is typed and as it is asked for."""
ACCEPTED: Final = ("1000001", "12012026", "2026-01-12")
REFUSED: Final = ("1000003", "14012026", "2026-01-14")
"""Nobody of the plan asks for it."""

_UNDERSTOOD: Final = (
    HearText("Чтобы услышать ещё раз, нажмите один"),
    Press("2"),
    Hear("goodbye"),
    BeLeft(),
)
_FEDERAL: Final = (Hear("greeting"), HearText("Чтобы узнать, как решается ваше заявление"))
_TO_122: Final = (
    HearText("Здравствуйте! Вы позвонили по номеру сто двадцать два"),
    HearText("Чтобы записаться к врачу, нажмите один"),
)
_OTHER_QUESTIONS: Final = (*_TO_122, Press("4"), HearText("Чтобы узнать адрес и часы работы"))


def script_calls(chance: Random) -> list[Draft]:
    """Return the calls; those that need an operator come first."""
    return [
        _rated(chance, mark="5"),
        _by_code_word(chance),
        _status(GRANTED, "Решение положительное. Вам назначено"),
        _by_snils(chance),
        _appointment("1", "терапевту", doctor="therapist", snils=ANNA),
        _home_visit(),
        _survey(),
        _offices(_FEDERAL, "3", "1", "Отделение в Горно-Алтайске", region="04"),
        _appointment("3", "педиатру", doctor="pediatrician", snils=VERA),
        _status(ACCEPTED, "Ваше заявление принято"),
        _vaccination(),
        _offices(_OTHER_QUESTIONS, "1", "2", "Отделение в Новосибирске", region="54"),
    ]


def _served(fate: Fate, did: str, steps: Sequence[Step], *traces: Trace) -> Draft:
    """Return a call of somebody who needs no operator."""
    return Draft(fate, steps, CallOutcome.SELF_SERVED, did=did, traces=traces)


# --- the federal line


def _status(application: tuple[str, str, str], answer: str) -> Draft:
    case, typed_day, day = application
    steps = (
        *_FEDERAL,
        Press("1"),
        HearText("Наберите номер вашего заявления"),
        Press(case),
        HearText("Теперь наберите дату"),
        Press(typed_day),
        HearText(answer),
        *_UNDERSTOOD,
    )
    asked = Asked(operation="cases/status", fields=(("case", case), ("applied_on", day)))
    proved = Noted(kind=NoteKind.IDENTIFIED, reason="registration")
    return _served(Fate.FEDERAL_STATUS, FEDERAL_NUMBER, steps, asked, proved)


def _by_code_word(chance: Random) -> Draft:
    """Return the call of somebody who is asked for her code word, since her number is known."""
    steps = (
        *_FEDERAL,
        Press("2"),
        HearText("Чтобы спросить о пенсии, нажмите один"),
        Press("1"),
        HearText("Чтобы специалист мог ответить о ваших личных данных"),
        Press(f"{ANNAS_CODE_WORD}#"),
        HearText("Спасибо, мы вас узнали"),
        HearText("Соединяю вас со специалистом по пенсиям"),
        *talk(chance),
    )
    proved = Noted(kind=NoteKind.IDENTIFIED, reason="code_word")
    draft = Draft(Fate.FEDERAL_SECOND_LINE, steps, did=FEDERAL_NUMBER, number=ANNAS_NUMBER)
    draft.traces = [proved]
    return draft


def _by_snils(chance: Random) -> Draft:
    steps = (
        *_FEDERAL,
        Press("2"),
        HearText("Чтобы спросить о пенсии, нажмите один"),
        Press("3"),
        HearText("Чтобы специалист сразу увидел ваше дело"),
        Press(BORIS),
        HearText("Спасибо, мы вас узнали"),
        HearText("Соединяю вас со специалистом по труду"),
        *talk(chance),
    )
    asked = Asked(operation="citizens/by-snils", fields=(("snils", BORIS),))
    proved = Noted(kind=NoteKind.IDENTIFIED, reason="snils")
    return Draft(Fate.FEDERAL_SECOND_LINE, steps, did=FEDERAL_NUMBER, traces=[asked, proved])


def _rated(chance: Random, *, mark: str) -> Draft:
    """Return the call of somebody who stays when the operator has hung up."""
    steps = (
        *_FEDERAL,
        Press("0"),
        Hear("to-first-line"),
        HearAgent(),
        HearText("Оцените, пожалуйста, как мы вам помогли"),
        Press(mark),
        HearText("Ваш вопрос решён"),
        Press("1"),
        Hear("goodbye"),
        BeLeft(),
    )
    draft = Draft(Fate.RATED, steps, did=FEDERAL_NUMBER)
    draft.agent_talks = timedelta(seconds=chance.uniform(6.0, 7.0))
    draft.traces = [
        Noted(kind=NoteKind.RATED, reason=mark),
        Noted(kind=NoteKind.SURVEYED, reason="solved", target="rating.solved"),
    ]
    return draft


# --- 122


def _appointment(key: str, to: str, *, doctor: str, snils: str) -> Draft:
    steps = (
        *_TO_122,
        Press("1"),
        HearText("Чтобы записаться к терапевту, нажмите один"),
        Press(key),
        HearText("Свободное время"),
        HearText("Чтобы записаться на это время, нажмите один"),
        Press("1"),
        HearText("Наберите одиннадцать цифр СНИЛС того"),
        Press(snils),
        HearText("Готово, запись сделана"),
        *_UNDERSTOOD,
    )
    booked = Booked(doctor=doctor, to=to, snils=snils)
    return _served(Fate.APPOINTMENT, REGIONAL_NUMBER, steps, booked)


def _home_visit() -> Draft:
    steps = (
        *_TO_122,
        Press("2"),
        HearText("Наберите одиннадцать цифр СНИЛС того"),
        Press(BORIS),
        HearText("Врач придёт"),
        *_UNDERSTOOD,
    )
    return _served(Fate.HOME_VISIT, REGIONAL_NUMBER, steps, Visited(snils=BORIS))


def _vaccination() -> Draft:
    steps = (
        *_TO_122,
        Press("3"),
        HearText("Чтобы узнать о прививке от гриппа, нажмите один"),
        Press("1"),
        HearText("Прививку от гриппа делают бесплатно"),
        *_UNDERSTOOD,
    )
    asked = Asked(operation="vaccination", fields=(("region", "04"), ("vaccine", "flu")))
    return _served(Fate.VACCINATION, REGIONAL_NUMBER, steps, asked)


def _survey() -> Draft:
    steps = (
        *_OTHER_QUESTIONS,
        Press("2"),
        HearText("Спасибо, что хотите помочь нам стать лучше"),
        HearText("Решился ли ваш вопрос"),
        Press("1"),
        HearText("Легко ли было до нас дозвониться"),
        Press("1"),
        HearText("Что нам улучшить"),
        Press("4"),
        Hear("goodbye"),
        BeLeft(),
    )
    answers = {
        "survey.solved": "solved",
        "survey.reached": "easily",
        "survey.improve": "nothing",
    }
    noted = [
        Noted(kind=NoteKind.SURVEYED, reason=answer, target=question)
        for question, answer in answers.items()
    ]
    return _served(Fate.SURVEY, REGIONAL_NUMBER, steps, *noted)


# --- what both call


def _offices(way: Sequence[Step], key: str, region_key: str, address: str, *, region: str) -> Draft:
    steps = (
        *way,
        Press(key),
        HearText("Если вы живёте в Республике Алтай, нажмите один"),
        Press(region_key),
        HearText(address),
        *_UNDERSTOOD,
    )
    did = FEDERAL_NUMBER if way is _FEDERAL else REGIONAL_NUMBER
    asked = Asked(operation="offices", fields=(("region", region),))
    return _served(Fate.OFFICES, did, steps, asked)
