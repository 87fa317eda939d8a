"""
Checks that need more than one place of `ekc.yaml`: names that must exist, ports that must differ.

They look at the document rather than at the models, so that a mistake in one block does not hide
those in another: all are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ekc_telephony.settings.document import EVERY, Document, Found, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.models import FeatureCodes
from ekc_telephony.settings.values import DaySpan, Interval, read_days, read_interval

_UNIQUE: Final[tuple[tuple[str, tuple[Location, ...]], ...]] = (
    # Trunks and phones share one name space: all are endpoints of PJSIP.
    (
        "account",
        (
            ("trunks", EVERY, "name"),
            ("operators", EVERY, "account"),
            ("supervisors", EVERY, "account"),
        ),
    ),
    ("number", (("numbers", EVERY, "did"),)),
    ("queue", (("queues", EVERY, "id"),)),
    ("skill", (("skills", EVERY, "name"),)),
    ("trunk address", (("trunks", EVERY, "addresses", EVERY),)),
    ("extension", (("queues", EVERY, "extension"), ("operators", EVERY, "extension"))),
    ("outside number", (("outside", EVERY, "number"),)),
    ("service", (("services", EVERY, "id"),)),
)
_TCP_PORTS: Final[tuple[Location, ...]] = (
    ("asterisk", "ari", "port"),
    ("asterisk", "ami", "port"),
    ("http", "port"),
)
_USUAL_CODES: Final = {
    name: str(getattr(FeatureCodes(), name))
    for name in (
        "ready",
        "not_ready",
        "signed_out",
        "end_of_wrap_up",
        "extend_wrap_up",
        "transfer",
        "hand_over",
        "conference",
    )
}
_PORTS_OF_A_LEG: Final = 2
_INTERVAL_LISTS: Final[tuple[Location, ...]] = (
    ("schedules", EVERY, "weekly", EVERY),
    ("schedules", EVERY, "open", EVERY),
)


def cross_check(document: Document, folder: Path) -> Iterator[Mistake]:
    """
    Yield what does not fit together.

    Args:
        document: The whole file.
        folder: Where its relative paths begin.
    """
    yield from _duplicates(document)
    yield from _unknown_skills(document)
    yield from _unknown_trunks(document)
    yield from _unknown_regions(document)
    if scripts := document.spelling(("scripts",)):
        yield from _unknown_scripts(document, folder / scripts)
    if sounds := document.spelling(("sounds",)):
        yield from _unknown_music(document, folder / sounds / "moh")
        state = document.spelling(("state",)) or "."
        studio = document.spelling(("studio",)) or f"{state}/studio"
        yield from _unknown_prompts(document, folder / sounds / "ru", folder / studio / "ru")
    yield from _ports_used_twice(document)
    yield from _port_in_rtp_range(document)
    yield from _overlapping_intervals(document)
    yield from _days_named_twice(document)
    yield from _codes_used_twice(document)
    yield from _more_calls_than_ports(document)


def _duplicates(document: Document) -> Iterator[Mistake]:
    for what, patterns in _UNIQUE:
        seen: set[str] = set()
        for pattern in patterns:
            for found in document.scalars_at(pattern):
                if found.written in seen:
                    yield document.mistake(
                        found.location,
                        found=f"the {what} {found.written} for the second time",
                        expected=f"every {what} once",
                        advice="rename or remove one of the two",
                    )
                seen.add(found.written)


def _unknown_skills(document: Document) -> Iterator[Mistake]:
    known = {found.written for found in document.scalars_at(("skills", EVERY, "name"))}
    for owners in ("queues", "operators"):
        for found in document.keys_under((owners, EVERY, "skills")):
            if found.written not in known:
                yield _unknown(document, found, "skill", known, "add it under `skills:`")


def _unknown_trunks(document: Document) -> Iterator[Mistake]:
    known = {found.written for found in document.scalars_at(("trunks", EVERY, "name"))}
    for found in document.scalars_at(("outside", EVERY, "trunk")):
        if found.written not in known:
            yield _unknown(document, found, "trunk", known, "add it under `trunks:`")


def _unknown_regions(document: Document) -> Iterator[Mistake]:
    known = {found.written for found in document.keys_under(("regional_holidays",))}
    for found in document.scalars_at(("schedules", EVERY, "region")):
        if found.written not in known:
            otherwise = "list its holidays under `regional_holidays:`"
            yield _unknown(document, found, "region", known, otherwise)


def _unknown_scripts(document: Document, scripts: Path) -> Iterator[Mistake]:
    known = {file.stem for file in scripts.glob("*.yaml")}
    places = (("numbers", EVERY, "script"), ("admission", "script"))
    for found in [each for place in places for each in document.scalars_at(place)]:
        if found.written not in known:
            otherwise = f"write {scripts.name}/{found.written}.yaml"
            yield _unknown(document, found, "script", known, otherwise)


def _unknown_music(document: Document, folder: Path) -> Iterator[Mistake]:
    known = {"default"} | {inner.name for inner in folder.glob("*/")}
    for found in document.scalars_at(("queues", EVERY, "music")):
        if found.written not in known:
            otherwise = f"make the folder {folder.name}/{found.written} and put music into it"
            yield _unknown(document, found, "music class", known, otherwise)


def _unknown_prompts(document: Document, *folders: Path) -> Iterator[Mistake]:
    known = {file.stem for folder in folders for file in folder.glob("*.wav")}
    said = document.scalars_at(("queues", EVERY, "keys", EVERY, "say"))
    briefed = document.scalars_at(("queues", EVERY, "briefing"))
    for found in [*said, *briefed]:
        if found.written not in known:
            otherwise = "add it to sounds/manifest.yaml and run `ekc sounds render`"
            yield _unknown(document, found, "prompt", known, otherwise)


def _unknown(
    document: Document, found: Found, what: str, known: Iterable[str], otherwise: str
) -> Mistake:
    return document.mistake(
        found.location,
        found=f"the unknown {what} {found.written}",
        expected=f"a {what} that exists",
        advice=suggest(found.written, known, otherwise),
        at_key=True,
    )


def _ports_used_twice(document: Document) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for pattern in _TCP_PORTS:
        for found in document.scalars_at(pattern):
            owner = ".".join(map(str, pattern[:-1]))
            if found.written in owners:
                yield document.mistake(
                    found.location,
                    found=f"port {found.written}, which {owners[found.written]} uses too",
                    expected="a TCP port of its own",
                    advice="choose another port",
                )
            owners.setdefault(found.written, owner)


def _number_at(document: Document, location: Location) -> int | None:
    written = document.spelling(location)
    return int(written) if written is not None and written.isdecimal() else None


def _port_in_rtp_range(document: Document) -> Iterator[Mistake]:
    first = _number_at(document, ("asterisk", "rtp", "first"))
    last = _number_at(document, ("asterisk", "rtp", "last"))
    if first is None or last is None:
        return
    if first % 2:
        yield document.mistake(
            ("asterisk", "rtp", "first"),
            found=f"the odd port {first}",
            expected="an even port: RTP takes even ports, RTCP the odd ones (RFC 3550)",
            advice=f"write {first + 1}",
        )
    if first >= last:
        yield document.mistake(
            ("asterisk", "rtp", "last"),
            found=f"the range {first}-{last}",
            expected="a last port above the first",
            advice="give two ports for every leg: 1,000 ports carry 250 calls",
        )
    sip = _number_at(document, ("asterisk", "sip", "port"))
    if sip is not None and first <= sip <= last:
        yield document.mistake(
            ("asterisk", "sip", "port"),
            found=f"port {sip}, which lies in the RTP range {first}-{last}",
            expected="a UDP port of its own",
            advice="move the port or the range",
        )


def _more_calls_than_ports(document: Document) -> Iterator[Mistake]:
    """Yield an admission that lets callers in whom no leg is left for."""
    most = _number_at(document, ("admission", "most_calls"))
    first = _number_at(document, ("asterisk", "rtp", "first"))
    last = _number_at(document, ("asterisk", "rtp", "last"))
    if most is None or first is None or last is None or first >= last:
        return
    legs = (last - first + 1) // _PORTS_OF_A_LEG
    if most >= legs:
        yield document.mistake(
            ("admission", "most_calls"),
            found=f"{most} callers at once, with RTP ports for {legs} legs",
            expected="fewer callers than legs: who is not let in needs one too, to hear why",
            advice="let in fewer, or widen `asterisk.rtp`",
        )


def _overlapping_intervals(document: Document) -> Iterator[Mistake]:
    for pattern in _INTERVAL_LISTS:
        latest: dict[Location, Interval] = {}
        for found in document.scalars_at((*pattern, EVERY)):
            try:
                interval = read_interval(found.written)
            except ValueError:
                continue
            before = latest.get(found.location[:-1])
            if before is not None and interval.opens < before.closes:
                yield document.mistake(
                    found.location,
                    found=f"{found.written}, which begins before the interval above it ends",
                    expected="intervals in order that do not overlap",
                    advice="sort them and leave the break between them free",
                )
            latest[found.location[:-1]] = interval


def _days_named_twice(document: Document) -> Iterator[Mistake]:
    spans: dict[Location, list[DaySpan]] = {}
    for found in document.keys_under(("schedules", EVERY, "weekly")):
        try:
            span = read_days(found.written)
        except ValueError:
            continue
        earlier = spans.setdefault(found.location[:-1], [])
        if any(span.first <= other.last and other.first <= span.last for other in earlier):
            yield document.mistake(
                found.location,
                found=f"{found.written}, of which a day is named above already",
                expected="every day once",
                advice="split the span so that no day stands in two",
                at_key=True,
            )
        earlier.append(span)


def _codes_used_twice(document: Document) -> Iterator[Mistake]:
    codes = {
        name: document.spelling(("feature_codes", name)) or usual
        for name, usual in _USUAL_CODES.items()
    }
    digits = [found.written for found in document.keys_under(("feature_codes", "reasons"))]
    owners: dict[str, str] = {
        codes["not_ready"] + digit: "a reason of not_ready"
        for digit in digits or FeatureCodes().reasons
    }
    for name, code in codes.items():
        if code in owners:
            yield document.mistake(
                ("feature_codes", name),
                found=f"the code {code}, which {owners[code]} uses too",
                expected="every code once",
                advice="choose another code",
            )
        owners.setdefault(code, name)
    blind = codes["transfer"]
    for code, name in owners.items():
        if code.startswith(blind) and code != blind:
            yield document.mistake(
                ("feature_codes", name if name in codes else "not_ready"),
                found=f"the code {code}, which begins with {blind}, that of `transfer`",
                expected="no other code that begins so: what follows it is where to",
                advice="choose another code",
            )
