"""
What is published as the journal and the engine's events carry it: texts by `<script>@<version>`.

A script with nothing over it is its bundle's joined text. With overlays it is *packed*: both in one
text.

Rule 1: one mark has one text, for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from ekc_telephony.core.engine.plan import Published
from ekc_telephony.core.ivr.overlay import Overlay
from ekc_telephony.core.ivr.published import Bundle, Present, taken_apart, version_under
from ekc_telephony.core.kernel.ids import ScriptId
from ekc_telephony.runtime.ports import ScriptStore

PUBLISHED: Final = "published"
"""The key of the journal's opening that says which texts are the present ones."""
_PACKED: Final = '{"packed":'
"""No script begins so: `packed` is no key of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What stands behind a mark."""

    bundle: Bundle
    overlays: tuple[Overlay, ...]
    version: str


class _Packed(msgspec.Struct):
    packed: str
    overlays: tuple[Overlay, ...]


class _Present(msgspec.Struct):
    number: int
    marks: list[str]


def mark(script: str, version: str) -> str:
    """Return what names a version of a script."""
    return f"{script}@{version}"


def pack(bundle: Bundle, overlays: tuple[Overlay, ...] = ()) -> tuple[str, str]:
    """Return mark and text."""
    name = mark(bundle.script, version_under(bundle.version, overlays))
    if not overlays:
        return name, bundle.joined
    packed = _Packed(packed=bundle.joined, overlays=overlays)
    return name, msgspec.json.encode(packed).decode()


def unpack(name: str, text: str) -> Unpacked:
    """Return what `pack` was given."""
    script, _, version = name.rpartition("@")
    overlays: tuple[Overlay, ...] = ()
    if text.startswith(_PACKED):
        packed = msgspec.json.decode(text, type=_Packed)
        text, overlays = packed.packed, packed.overlays
    return Unpacked(bundle=taken_apart(ScriptId(script), text), overlays=overlays, version=version)


def published_now(
    store: ScriptStore,
    present: Present,
    *,
    wanted: Collection[ScriptId],
    now: datetime,
    without_overlays: bool = False,
) -> Published:
    """
    Return what an engine needs of what is published.

    Args:
        store: Where the versions are.
        present: Which of them callers meet.
        wanted: The scripts that calls begin with.
        now: Overlays that have expired are left out.
        without_overlays: All of them are.

    Raises:
        ScriptStoreError: A version cannot be read.
    """
    live = () if without_overlays else tuple(o for o in present.overlays if not o.is_over(now))
    bundles = [
        store.bundle(script, version)
        for script, version in sorted(present.scripts.items())
        if script in wanted
    ]
    return Published(number=present.number, texts=dict(pack(each, live) for each in bundles))


def encode_present(published: Published) -> str:
    """Write down which texts are the present ones."""
    return msgspec.json.encode(
        _Present(number=published.number, marks=sorted(published.texts))
    ).decode()


def present_of(texts: Mapping[str, str]) -> Published:
    """
    Return what was published when a segment of the journal was begun.

    A segment of a release that published nothing names no present: of two versions of a script the
    later one counts there.
    """
    if (written := texts.get(PUBLISHED)) is not None:
        present = msgspec.json.decode(written, type=_Present)
        return Published(number=present.number, texts={each: texts[each] for each in present.marks})
    last = {name.rpartition("@")[0]: name for name in texts if "@" in name}
    return Published(texts={name: texts[name] for name in last.values()})
