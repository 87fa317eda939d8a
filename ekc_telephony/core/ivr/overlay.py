"""
An emergency overlay: an announcement or a menu item that lies over every script for some hours.

A dam has broken, a payment is late, the ministry has moved: callers must hear it now, whatever
script they are in, and must not hear it any more next week. An overlay is laid over the graph of a
script, which is not changed: it is a few nodes before it and beside it, each behind an `Until` that
leads into the script as it was once the overlay has expired. So nothing has to be taken away, and
no timer has to run.

An announcement is heard before the script begins. A menu item is a key added to the first menus of
the script, with the announcement said before the menu's own words; a script without a menu, or
with another use of the key, gets a menu of one key before it begins.

Rule 1: every way through the script is still there, in the overlaid script, too.
Rule 2: from the moment of expiry on the overlaid script is the script.
Rule 3: an overlay's nodes have a colon in their names, which no node of a script has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, assert_never

from ekc_telephony.core.ivr.script import Enqueue, Menu, Node, Play, Script, Until
from ekc_telephony.core.ivr.ways import ways_of
from ekc_telephony.core.kernel.ids import NodeId, OverlayId, PromptKey, QueueId

LONGEST: Final = timedelta(days=7)
"""How long an overlay may lie; what is true for longer belongs into the scripts."""
_SHORT_WAIT: Final = timedelta(seconds=3)
"""For the key of a menu that stands before a script; who presses nothing walks on."""


class Leads(Enum):
    """What a key of an overlay leads to."""

    QUEUE = "queue"
    PROMPT = "prompt"
    """Something is told, then the script goes on."""
    NODE = "node"
    """A node of the script; a script without one of that name does not get the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """A key that is added to menus."""

    key: str
    leads: Leads
    to: str
    """The name of the queue, the prompt or the node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What lies over every script until a moment."""

    overlay: OverlayId
    prompts: tuple[PromptKey, ...]
    """What is announced; for a menu item, also what the key is for."""
    until: datetime
    """UTC; from then on nobody meets it."""
    item: MenuItem | None = None
    """None: an announcement only."""
    is_russian_enough: bool = False
    """Who is spoken to in another language may hear it in Russian: whoever proposed it said so."""

    def is_over(self, now: datetime) -> bool:
        """Tell whether it has expired."""
        return now >= self.until


def overlaid(script: Script, overlays: Iterable[Overlay]) -> Script:
    """
    Return the script with overlays over it; the last one is met first.

    Its version stays the script's: whoever publishes it gives it another.
    """
    for each in overlays:
        script = _announced(script, each) if each.item is None else _with_item(script, each)
    return script


def origin_of(name: NodeId) -> NodeId | None:
    """Return the node of the script that an overlay's node stands for; None when it is its own."""
    overlay, _, rest = name.partition(":")
    if not rest:
        return NodeId(overlay)
    _, _, menu = rest.partition(":")
    return origin_of(NodeId(menu)) if menu else None


def first_menus(script: Script) -> tuple[NodeId, ...]:
    """Return the menus that a caller may meet before any other."""
    ahead, walked, menus = [script.entry], {script.entry}, list[NodeId]()
    while ahead:
        name = ahead.pop(0)
        node = script.nodes[name]
        if isinstance(node, Menu):
            menus.append(name)
            continue
        if isinstance(node, Enqueue):
            continue  # what comes after a talk is not first
        following = [way.to for way in ways_of(node) if way.to not in walked]
        walked.update(following)
        ahead += following
    return tuple(menus)


def _announced(script: Script, overlay: Overlay) -> Script:
    """Let the announcement be heard before the script."""
    said = NodeId(f"{overlay.overlay}:said")
    return _begun_by(script, overlay, {said: Play(prompts=overlay.prompts, next=script.entry)})


def _begun_by(script: Script, overlay: Overlay, added: Mapping[NodeId, Node]) -> Script:
    """Let the first of these nodes come before the script, until the overlay expires."""
    gate = NodeId(f"{overlay.overlay}:until")
    first = next(iter(added))
    until = Until(moment=overlay.until, before=first, after=script.entry)
    return replace(script, entry=gate, nodes={gate: until, **added, **script.nodes})


def _with_item(script: Script, overlay: Overlay) -> Script:
    item = overlay.item
    assert item is not None
    if item.leads is Leads.NODE and NodeId(item.to) not in script.nodes:
        return script
    names = first_menus(script)
    menus = {name: node for name in names if isinstance(node := script.nodes[name], Menu)}
    if not menus or any(item.key in menu.choices for menu in menus.values()):
        return _with_menu_before(script, overlay, item)
    for name, menu in menus.items():
        script = _with_key(script, overlay, item, name, menu)
    return script


def _with_menu_before(script: Script, overlay: Overlay, item: MenuItem) -> Script:
    """Let the script begin with a menu of one key."""
    asked = NodeId(f"{overlay.overlay}:menu")
    target, added = _target(overlay, item, script.entry)
    menu = Menu(
        prompts=overlay.prompts,
        choices={item.key: target},
        timeout=_SHORT_WAIT,
        retries=0,
        invalid_prompts=(),
        timeout_prompts=(),
        exhausted=script.entry,
    )
    return _begun_by(script, overlay, {asked: menu, **added})


def _with_key(script: Script, overlay: Overlay, item: MenuItem, name: NodeId, menu: Menu) -> Script:
    """
    Let whoever comes to a menu come to one with the key, until the overlay expires.

    The menu's name becomes the gate's, so that nothing that leads there has to be changed.
    """
    plain = NodeId(f"{overlay.overlay}:plain:{name}")
    longer = NodeId(f"{overlay.overlay}:menu:{name}")
    target, added = _target(overlay, item, name)
    with_key = replace(
        menu,
        prompts=overlay.prompts + menu.prompts,
        choices={**menu.choices, item.key: target},
    )
    gates: dict[NodeId, Node] = {
        name: Until(moment=overlay.until, before=longer, after=plain),
        longer: with_key,
        plain: _leading_to_itself(menu, name, plain),
    }
    return replace(script, nodes={**script.nodes, **gates, **added})


def _leading_to_itself(menu: Menu, former: NodeId, present: NodeId) -> Menu:
    """Return a menu that got another name, with what leads to itself."""

    def led(target: NodeId) -> NodeId:
        return present if target == former else target

    choices = {key: led(target) for key, target in menu.choices.items()}
    return replace(menu, choices=choices, exhausted=led(menu.exhausted))


def _target(overlay: Overlay, item: MenuItem, back: NodeId) -> tuple[NodeId, Mapping[NodeId, Node]]:
    """Return where the key leads, and the node that has to be added for it."""
    mark = NodeId(f"{overlay.overlay}:key")
    match item.leads:
        case Leads.QUEUE:
            return mark, {mark: Enqueue(queue=QueueId(item.to), answers_at_once=True)}
        case Leads.PROMPT:
            # One for each menu, or whoever has heard it would be led back to another menu.
            told = NodeId(f"{mark}:{back}")
            return told, {told: Play(prompts=(PromptKey(item.to),), next=back)}
        case Leads.NODE:
            return NodeId(item.to), {}
        case _:
            assert_never(item.leads)
