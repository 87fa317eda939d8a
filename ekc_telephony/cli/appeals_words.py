"""The appeal store's words in Russian: supervisors read `ekc appeals`, programs use `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ekc_telephony.adapters.sql.models import AppealState, CallbackState, CallFault
from ekc_telephony.core.call.facts import (
    CallbackReason,
    CallOutcome,
    NoteKind,
    SegmentKind,
    SegmentOutcome,
)
from ekc_telephony.core.ivr.script import Identification

OUTCOMES: Final[Mapping[CallOutcome | None, str]] = MappingProxyType(
    {
        None: "идёт",
        CallOutcome.ANSWERED: "отвечен",
        CallOutcome.SELF_SERVED: "обслужен автоматически",
        CallOutcome.ABANDONED_IN_MENU: "потерян в меню",
        CallOutcome.ABANDONED_IN_QUEUE: "потерян в очереди",
        CallOutcome.SHORT: "короткий (до 5 с)",
        CallOutcome.CALLBACK_PROMISED: "обещан обратный звонок",
        CallOutcome.MESSAGE_LEFT: "оставлено сообщение",
        CallOutcome.INFORMED_AFTER_HOURS: "сообщено: нерабочее время",
        CallOutcome.INFORMED_NO_AGENTS: "сообщено: нет операторов",
        CallOutcome.SENT_TO_FALLBACK: "передан резервной схеме",
        CallOutcome.TECHNICAL_FAILURE: "технический сбой",
    }
)

STATES: Final[Mapping[AppealState, str]] = MappingProxyType(
    {AppealState.REGISTERED: "зарегистрировано"}
)

KINDS: Final[Mapping[SegmentKind, str]] = MappingProxyType(
    {
        SegmentKind.IVR: "голосовое меню",
        SegmentKind.WAITING: "ожидание в очереди",
        SegmentKind.OFFER: "вызов оператору",
        SegmentKind.TALK: "разговор с оператором",
        SegmentKind.CONSULTATION: "консультация операторов",
        SegmentKind.OUTSIDE: "перевод на внешний номер",
        SegmentKind.HOLD: "удержание",
        SegmentKind.MESSAGE: "голосовое сообщение",
        SegmentKind.SUPERVISION: "наблюдение старшего",
        SegmentKind.WRAP_UP: "поствызывная обработка",
    }
)

SEGMENT_OUTCOMES: Final[Mapping[SegmentOutcome | None, str]] = MappingProxyType(
    {
        None: "продолжается",
        SegmentOutcome.COMPLETED: "завершено",
        SegmentOutcome.ABANDONED: "звонящий положил трубку",
        SegmentOutcome.NO_AGENTS: "сообщено: нет операторов",
        SegmentOutcome.OVERFLOWED: "перешёл в другую очередь",
        SegmentOutcome.LEFT_BY_KEY: "ушёл из очереди по клавише",
        SegmentOutcome.MOVED: "переставлен старшим",
        SegmentOutcome.ACCEPTED: "принял",
        SegmentOutcome.REFUSED: "отклонил",
        SegmentOutcome.NOT_ANSWERED: "не ответил",
        SegmentOutcome.UNREACHABLE: "телефон недоступен",
        SegmentOutcome.WITHDRAWN: "отозван: звонящий положил трубку",
        SegmentOutcome.CALLER_HUNG_UP: "звонящий положил трубку",
        SegmentOutcome.AGENT_HUNG_UP: "оператор положил трубку",
        SegmentOutcome.TRANSFERRED: "переведён на другого",
        SegmentOutcome.JOINED: "разговор втроём",
        SegmentOutcome.FINISHED_EARLY: "закончена оператором",
        SegmentOutcome.TIME_IS_UP: "закончена по времени",
        SegmentOutcome.BROKEN: "прервано сбоем",
    }
)

FAULTS: Final[Mapping[CallFault, str]] = MappingProxyType(
    {
        CallFault.RECORDING_LOST: "запись потеряна",
        CallFault.PROMPTS_NOT_HEARD: "не прозвучали подсказки",
        CallFault.ASTERISK_DIED: "телефонная станция остановилась или была перезапущена",
        CallFault.ENGINE_BUG: "ошибка в программе ЕКЦ",
        CallFault.ENGINE_AWAY: "программа ЕКЦ не работала или не отвечала",
    }
)

CALLBACK_REASONS: Final[Mapping[CallbackReason, str]] = MappingProxyType(
    {
        CallbackReason.ASKED: "просил перезвонить",
        CallbackReason.ABANDONED: "не дождался ответа",
        CallbackReason.CUT_OFF: "разговор прерван сбоем",
        CallbackReason.NOT_SERVED: "не обслужен из-за сбоя",
    }
)

CALLBACK_STATES: Final[Mapping[CallbackState, str]] = MappingProxyType(
    {CallbackState.WAITING: "ждёт звонка", CallbackState.DONE: "перезвонили"}
)

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "appeal": "Обращение",
        "call": "Звонок",
        "number": "Номер звонящего",
        "did": "Набранный номер",
        "script": "Сценарий",
        "registered_at": "Поступил",
        "answered_at": "Отвечен",
        "ended_at": "Завершён",
        "outcome": "Исход",
        "queue": "Очередь",
        "agent": "Оператор",
        "rating": "Оценка",
    }
)
"""Headings of an export, by the names of `CallSummary`'s fields."""

HIDDEN_NUMBER: Final = "скрыт"

NOTES: Final[Mapping[NoteKind, str]] = MappingProxyType(
    {
        NoteKind.ROUTED: "переведён",
        NoteKind.MOVED: "переставлен в другую очередь",
        NoteKind.SUPERVISED: "подключился старший",
        NoteKind.SILENT: "гражданин молчит больше минуты",
        NoteKind.AGENT_SILENT: "оператора не слышно больше минуты",
        NoteKind.IDENTIFIED: "гражданин подтвердил, кто он",
        NoteKind.ASKED_TO_RATE: "просим оценить обслуживание",
        NoteKind.RATED: "оценил обслуживание",
        NoteKind.ASKED: "задаём вопрос",
        NoteKind.SURVEYED: "ответил на вопрос",
        NoteKind.OVERLOADED: "перегрузка: звонков больше, чем принимается",
    }
)

PROOFS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Identification.NUMBER.value: "номер, с которого звонит",
        Identification.SNILS.value: "СНИЛС",
        Identification.CODE_WORD.value: "кодовое слово",
        Identification.REGISTRATION.value: "номер заявления",
    }
)
"""By what a caller proves who he is."""
