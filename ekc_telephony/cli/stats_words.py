"""The words of `ekc stats` in Russian: formulas, norms, columns of the forms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.acd.specs import Line
from ekc_telephony.core.stats.form_rows import Form
from ekc_telephony.core.stats.grouping import By
from ekc_telephony.core.stats.norms import ClockStart, Preset
from ekc_telephony.core.stats.passport import HungUpBy, PassportStatus
from ekc_telephony.core.stats.visits import VisitEnding

NOT_MEASURED: Final = "не измеряется"
BRIEFLY_NOT_MEASURED: Final = "не изм."
NOTHING: Final = "–"

FORMULAS: Final[Mapping[ServiceLevelFormula, str]] = MappingProxyType(
    {
        ServiceLevelFormula.ABANDONS_EXCLUDED: "отвечено ≤ T ÷ отвечено",
        ServiceLevelFormula.EARLY_ABANDONS_COUNT_AS_GOOD: (
            "(отвечено ≤ T + потеряно ≤ T) ÷ (отвечено + потеряно)"
        ),
        ServiceLevelFormula.SHORT_ABANDONS_EXCLUDED: (
            "отвечено ≤ T ÷ (отвечено + потеряно − положили трубку до 5 с)"
        ),
        ServiceLevelFormula.ABANDONS_COUNT: "отвечено ≤ T ÷ (отвечено + потеряно)",
        ServiceLevelFormula.ALL_RECEIVED: "отвечено ≤ T ÷ все поставленные в очередь",
        ServiceLevelFormula.EARLY_ABANDONS_EXCLUDED: (
            "отвечено ≤ T ÷ (отвечено + потеряно позже T)"
        ),
    }
)

LEVEL_ORIGINS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "SL-1": "app_queue SL, Wazo; не видит потерянных",
        "SL-2": "app_queue SL2",
        "SL-3": "Genesys",
        "SL-4": "Vonage",
        "SL-5": "COPC",
    }
)

PRESETS: Final[Mapping[Preset, str]] = MappingProxyType(
    {
        Preset.N112: "112: 98 % ≤ 20 с и среднее ≤ 8 с (ПП 1931 от 12.11.2021)",
        Preset.N122: "122: среднее ≤ 60 с",
        Preset.N80_20: "80/20: 80 % ≤ 20 с",
        Preset.AVAILABILITY: "доступность: все ≤ 90 с после меню (Naumen)",
        Preset.ADS: "АДС: все ≤ 5 мин (ПП 416, п. 13)",
        Preset.N442: "442н §73: отложенные обращения ≤ 8 рабочих часов",
    }
)

CLOCKS: Final[Mapping[ClockStart, str]] = MappingProxyType(
    {
        ClockStart.RING: "часы – с поступления вызова",
        ClockStart.QUEUE: "часы – с постановки в очередь",
    }
)

LINES: Final[Mapping[str, str]] = MappingProxyType(
    {Line.FIRST.value: "первая линия", Line.SECOND.value: "вторая линия"}
)

ENDINGS: Final[Mapping[VisitEnding, str]] = MappingProxyType(
    {
        VisitEnding.ANSWERED: "отвечено",
        VisitEnding.ABANDONED: "потеряно: не дождались",
        VisitEnding.FLOWED_OUT: "ушли в другую очередь, обратный звонок, сообщение, резерв",
        VisitEnding.BROKEN: "потеряно: сбой",
        VisitEnding.WAITING: "ещё ждут",
    }
)

STATUSES: Final[Mapping[PassportStatus, str]] = MappingProxyType(
    {
        PassportStatus.SUCCESSFUL: "Успешный",
        PassportStatus.IVR: "IVR",
        PassportStatus.BUSY: "Занято",
        PassportStatus.MISSED: "Пропущенный",
        PassportStatus.SHORT: "Автосброс 0–4 с",
        PassportStatus.ERROR: "Ошибка",
    }
)

HUNG_UP_BY: Final[Mapping[HungUpBy, str]] = MappingProxyType(
    {
        HungUpBy.CALLER: "звонящий",
        HungUpBy.AGENT: "оператор",
        HungUpBy.SYSTEM: "система",
    }
)

GROUPS: Final[Mapping[By, str]] = MappingProxyType(
    {
        By.ALL: "Всё",
        By.QUEUE: "Очередь",
        By.LINE: "Линия",
        By.OPERATOR: "Оператор",
        By.HALF_HOUR: "Полчаса с",
        By.HOUR: "Час с",
        By.DAY: "День",
    }
)

OF_NONE: Final[Mapping[By, str]] = MappingProxyType(
    {
        By.QUEUE: "вне очередей",
        By.LINE: "вне линий",
        By.OPERATOR: "без оператора",
    }
)

TITLES: Final[Mapping[Form, str]] = MappingProxyType(
    {
        Form.F1: "Ф1. Суточная сводка",
        Form.F2: "Ф2. Показатели по интервалам",
        Form.F3: "Ф3. Профиль ожидания",
        Form.F4: "Ф4. Паспорта вызовов",
        Form.F5: "Ф5. Потерянные и возврат",
        Form.F6: "Ф6. Смена оператора",
        Form.F8: "Ф8. Время обслуживания (442н §72)",
        Form.RATINGS: "Оценки",
        Form.SURVEYS: "Опросы",
    }
)

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "abandoned": "Потеряно",
        "abandoned_share": "Потеряно, %",
        "accepted": "Принял",
        "after_no_answer": "Снят: не ответил",
        "advising": "Консультации",
        "agent": "Оператор",
        "agents": "Операторов",
        "agents_planned": "Операторов, план",
        "answered": "Отвечено",
        "answer": "Ответ",
        "answered_at": "Отвечен",
        "answered_question": "Ответили",
        "answered_share": "Отвечено, %",
        "appeal": "Обращение",
        "asked": "Спросили",
        "asked_to_rate": "Просили оценить",
        "at_lunch": "Обед",
        "attempts": "Попыток",
        "begins_at": "Интервал с",
        "call": "Звонок",
        "called_again": "Перезвонил сам",
        "called_back": "Перезвонили",
        "cause": "Причина",
        "closed_by_menu": "Завершено в меню",
        "closed_within": "Закрыто за",
        "cut_off": "Обрывов",
        "day": "Дата",
        "did": "Набран",
        "ended_at": "Завершён",
        "first_answer": "Ответ 1",
        "first_at": "Первая попытка",
        "first_waited": "Ожидание 1",
        "hung_up_by": "Положил трубку",
        "identification": "Идентификация",
        "in_menu": "Меню",
        "in_queue": "Очередь",
        "in_talk": "Разговор",
        "in_training": "Обучение",
        "is_left": "Остаток",
        "last_at": "Последняя попытка",
        "line": "Линия",
        "load": "Нагрузка",
        "longest_handling": "Обработка, макс.",
        "longest_queue": "Очередь, макс.",
        "longest_wait": "Ожидание, макс.",
        "lost": "Потеряно",
        "mean_handling": "AHT",
        "mean_hold": "Удержание, ср.",
        "mark_1": "1",
        "mark_2": "2",
        "mark_3": "3",
        "mark_4": "4",
        "mark_5": "5",
        "mean_rating": "Средняя оценка",
        "mean_talk": "Разговор, ср.",
        "mean_wait": "ASA",
        "mean_wrap_up": "Постобработка, ср.",
        "menu_path": "Путь в меню",
        "next_answer": "Ответ 2+",
        "next_waited": "Ожидание 2+",
        "not_answered": "Не отвечено",
        "not_answered_by": "Не ответили",
        "not_answered_share": "Не отвечено, %",
        "number": "Номер",
        "occupancy_share": "Занятость",
        "offered": "Предложено",
        "on_break": "Перерыв",
        "on_hold": "Удержание",
        "otherwise": "Прочее",
        "outcome": "Исход",
        "over": "Дольше",
        "queued": "В очередь",
        "queued_at": "В очереди с",
        "queues": "Очереди",
        "question": "Вопрос",
        "rated": "Оценили",
        "rating": "Оценка",
        "rating_share": "Оценили, %",
        "ready": "Готов",
        "received": "Поступило",
        "received_so_far": "Нарастающий итог",
        "recorded": "Фиксация темы",
        "recordings": "Записи",
        "redialled": "Перезвонов",
        "refused": "Отклонил",
        "registered_at": "Поступил",
        "satisfied_share": "CSAT (4 и 5 ÷ оценки)",
        "service_level_share": "Уровень обслуживания",
        "signed_in": "На смене",
        "signed_in_at": "Вход",
        "signed_out_at": "Выход",
        "status": "Статус",
        "survey": "Опрос",
        "talked_to": "Операторы",
        "times": "Ответили так",
        "times_share": "Ответили так, %",
        "to_last_week_share": "К прошлой неделе",
        "total": "Всего",
        "transferred": "Переводов",
        "unique_numbers": "Уникальных номеров",
        "up_to": "До (включ.)",
        "up_to_here_share": "Накопл., %",
        "was_working_time": "Рабочее время",
        "whose": "Чьи",
    }
)
"""Headings of the forms, by the names of their rows' fields."""
