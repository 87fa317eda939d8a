"""What each difference between Asterisk's record and the store means, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ekc_telephony.core.appeals.reconciliation import DifferenceKind


@dataclass(frozen=True, slots=True)
class Meaning:
    """A difference in a person's words."""

    what: str
    advice: str


EXPLAINED: Final = Meaning(
    "станция остановилась во время звонка, поэтому своей записи о нём она не сделала",
    "делать ничего не нужно",
)
"""Of an appeal without a call, when the store knows that Asterisk died."""

DIFFERENCES: Final[Mapping[DifferenceKind, Meaning]] = MappingProxyType(
    {
        DifferenceKind.CALL_WITHOUT_APPEAL: Meaning(
            "звонок был, обращения нет",
            "ищите звонок в журнале ЕКЦ и в facts-set-aside.jsonl; если гражданин не обслужен, "
            "перезвоните ему",
        ),
        DifferenceKind.CALL_IN_SPOOL: Meaning(
            "звонок обслужила резервная схема, и ЕКЦ ещё не забрал запись о нём",
            "запустите ЕКЦ: systemctl start ekc-engine",
        ),
        DifferenceKind.APPEAL_WITHOUT_CALL: Meaning(
            "обращение есть, станция о звонке не знает",
            "проверьте, не останавливалась ли станция в это время и не переполнен ли диск",
        ),
        DifferenceKind.APPEAL_MISSING: Meaning(
            "звонок есть, карточка обращения удалена",
            "восстановите обращение из резервной копии и выясните, кто менял базу",
        ),
        DifferenceKind.SECOND_APPEAL: Meaning(
            "обращение, к которому не относится ни один звонок",
            "один звонок зарегистрирован дважды или его запись удалена; сообщите разработчикам",
        ),
        DifferenceKind.BEGIN_APART: Meaning(
            "начало звонка у станции и у ЕКЦ разное",
            "проверьте, не переводили ли часы и не был ли ЕКЦ перегружен",
        ),
        DifferenceKind.END_APART: Meaning(
            "конец звонка у станции и у ЕКЦ разный",
            "проверьте, не переводили ли часы и не перезапускался ли ЕКЦ в это время",
        ),
        DifferenceKind.TALK_NOT_KEPT: Meaning(
            "оператор ответил, а разговора в обращении нет",
            "ищите звонок в журнале ЕКЦ; сообщите разработчикам",
        ),
        DifferenceKind.TALK_NOT_WITNESSED: Meaning(
            "разговор в обращении есть, а станция ответа оператора не видела",
            "ищите звонок в журнале ЕКЦ; сообщите разработчикам",
        ),
        DifferenceKind.STILL_OPEN: Meaning(
            "звонок давно закончился, а обращение считает, что он идёт",
            "если ЕКЦ работает, ищите звонок в его журнале; если нет, запустите его",
        ),
    }
)
