"""
What pydantic found wrong with a document, in words for a person.

Pydantic tells a kind (`missing`, `extra_forbidden`, `int_type` …) and a location; here that becomes
a `Mistake` at a line and column, with «did you mean» for a key or a word that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.services import FieldName, FieldPath, HeaderName
from ekc_telephony.settings.values import Code, Contact, Dialled, Digit, Name, Title

_KEY: Final = "[key]"
"""Pydantic's mark for a mistake in a key rather than in its value."""
_URL: Final = ("url",)
_NAME_EXPECTED: Final = "a name of Latin letters, digits, _ and -, at most 40 characters"
_CONTACT_EXPECTED: Final = "a SIP address such as sip:127.0.0.1:5062"

_KINDS: Final = {
    "tuple_type": "a list: one item a line, each after a dash",
    "list_type": "a list: one item a line, each after a dash",
    "model_type": "a block of keys",
    "model_attributes_type": "a block of keys",
    "dict_type": "a block of keys",
    "mapping_type": "a block of keys",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "a path",
    "too_short": "at least one item",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a text of at most 80 characters",
    "zoneinfo_str": "an IANA time zone, such as Europe/Moscow or Asia/Barnaul",
    "ip_any_address": "an IP address",
    "ip_v4_address": "an IPv4 address",
    "ip_v6_address": "an IPv6 address",
}


def explain(document: Document, details: Iterable[ErrorDetails]) -> Iterator[Mistake]:
    """Yield one mistake for each place that pydantic complains about."""
    told: set[Location] = set()
    for detail in details:
        location, is_key = _place(document, detail)
        if location in told or _is_echo(document, detail, location):
            continue
        told.add(location)
        match detail["type"]:
            case "extra_forbidden":
                yield _unknown_key(document, location)
            case "missing":
                yield _missing_key(document, location)
            case _:
                yield _wrong_value(document, detail, location, is_key=is_key)


def _place(document: Document, detail: ErrorDetails) -> tuple[Location, bool]:
    location = detail["loc"]
    if location and location[-1] == _KEY:
        return location[:-1], True
    # A union adds the name of the alternative it tried: `bind.ipv4address`.
    while location and detail["type"] != "missing" and not document.has(location):
        location = location[:-1]
    return location, False


def _is_echo(document: Document, detail: ErrorDetails, location: Location) -> bool:
    # A list whose only item is broken also counts as too short; the item's mistake is enough.
    return detail["type"] == "too_short" and document.length(location) > 0


def _unknown_key(document: Document, location: Location) -> Mistake:
    key = str(location[-1])
    known = _keys_known_at(location[:-1])
    return document.mistake(
        location,
        found=f"the unknown key {key}",
        expected=f"one of: {', '.join(known)}",
        advice=suggest(key, known, "remove it"),
        at_key=True,
    )


def _missing_key(document: Document, location: Location) -> Mistake:
    *parent, key = location
    where = f"the block `{_readable(parent)}`" if parent else "the file"
    return document.mistake(
        tuple(parent),
        found=f"{where} without the key {key}",
        expected=f"the key {key}",
        advice=f"add `{key}:` here; the project's sample ekc.yaml shows how",
        at_key=True,
    )


def _wrong_value(
    document: Document, detail: ErrorDetails, location: Location, *, is_key: bool
) -> Mistake:
    written = str(location[-1]) if is_key else document.spelling(location)
    shown = f'"{written}"' if written is not None else "a block or a list"
    if location[-1:] == _URL:
        shown = "a URL"  # a password may stand in it
    elif written == "" and detail["input"] is None:
        shown = "nothing"
    return document.mistake(
        location,
        found=f"{shown} for `{_readable(location)}`",
        expected=_expected(detail),
        advice=_advice(detail, written),
        at_key=is_key,
    )


def _expected(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "enum":
            return f"one of: {', '.join(_quoted(context['expected']))}"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], detail["msg"])
        case "greater_than_equal" | "less_than_equal" as kind:
            word = "below" if kind == "greater_than_equal" else "above"
            return f"a number not {word} {context.get('ge', context.get('le'))}"
        case kind if kind.startswith("date_"):
            return "a date as 2026-12-31"
        case kind:
            return _KINDS.get(kind, detail["msg"])


def _advice(detail: ErrorDetails, written: str | None) -> str:
    known: Iterable[str] = ()
    match detail["type"]:
        case "enum":
            known = _quoted(detail["ctx"]["expected"])
        case "zoneinfo_str":
            known = available_timezones()
        case "value_error" if written is not None and re.fullmatch(r"\d+", written):
            return f"write the unit: {written}s, {written}m or {written}ms"
        case "bool_type" | "bool_parsing":
            known = ("true", "false")
        case _:
            pass
    return (
        suggest(written, known, "write what is expected")
        if written and known
        else ("write what is expected")
    )


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _readable(location: Iterable[str | int]) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in location)


def _keys_known_at(location: Location) -> list[str]:
    models = _models_in(Settings)
    annotation: Any = Settings
    for step in location:
        if models and step in models[0].model_fields:
            annotation = models[0].model_fields[str(step)].annotation
        elif arguments := get_args(annotation):
            # The item of a list stands first, the value of a mapping last.
            annotation = arguments[-1] if arguments[-1] is not Ellipsis else arguments[0]
        annotation = _unless_none(annotation)
        models = _models_in(annotation)
    return sorted(models[0].model_fields) if models else []


def _unless_none(annotation: Any) -> Any:
    """Return what a block is that may be left out; anything else as it is."""
    arguments = get_args(annotation)
    if type(None) not in arguments:
        return annotation
    given = [each for each in arguments if each is not type(None)]
    return given[0] if len(given) == 1 else annotation


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    return (
        [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
    )


def _pattern_of(alias: Any) -> str:
    for field in get_args(alias)[1:]:
        for constraint in getattr(field, "metadata", ()):
            if (pattern := getattr(constraint, "pattern", None)) is not None:
                return str(pattern)
    raise LookupError(alias)


_PATTERNS: Final = {
    _pattern_of(Name): _NAME_EXPECTED,
    _pattern_of(Title): 'a text for people without " \\ < > ;',
    _pattern_of(Dialled): "a telephone number: digits, with + in front if the trunk sends it so",
    _pattern_of(Code): "a feature code: * and two to four digits",
    _pattern_of(Digit): "one digit",
    _pattern_of(Contact): _CONTACT_EXPECTED,
    _pattern_of(FieldName): "a field's name of small Latin letters, digits and _",
    _pattern_of(FieldPath): "a place in the answer such as found, or result.items",
    _pattern_of(HeaderName): "the name of an HTTP header such as X-Api-Key",
}
