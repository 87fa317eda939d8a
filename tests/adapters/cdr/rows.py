"""Lines as Asterisk writes them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def line(
    leg: str,
    *,
    channel: str = "PJSIP/city-00000001",
    begins: float = 0,
    answered: float | None = None,
    ends: float = 60,
    context: str = "from-trunk",
    peer: str = "",
    call: str = "",
    at: datetime = NOON,
) -> bytes:
    """Return one line; moments are seconds after `at`."""

    def moment(seconds: float) -> str:
        return f"{(at + timedelta(seconds=seconds)).timestamp():.6f}"

    fields = [
        leg,
        call or leg,
        channel,
        "+79001234567",
        "88001000001",
        context,
        "Stasis",
        moment(begins),
        "0.000000" if answered is None else moment(answered),
        moment(ends),
        "NO ANSWER" if answered is None else "ANSWERED",
        "",
        "",
        peer,
        "17",
    ]
    return (",".join(f'"{field}"' for field in fields) + "\n").encode()


def hangup(leg: str, *, ends: float = 60, context: str = "from-trunk", cause: int = 16) -> bytes:
    """Return one line of `hangups.csv`; it ended so many seconds after noon."""
    extra = f'{{""hangupcause"":{cause},""hangupsource"":"""",""dialstatus"":""""}}'
    fields = [leg, f"{after(ends).timestamp():.6f}", context, extra]
    return (",".join(f'"{field}"' for field in fields) + "\n").encode()
