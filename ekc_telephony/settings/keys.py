"""
The keys by which waiting callers leave a queue: from the words of `ekc.yaml` to what they do.

And what must be true of them:

Rule 1: a key does one thing; the reader of the file refuses `1` beside `"1"` by itself.
Rule 2: a key leads to a queue that exists and is another one. That keys lead back is fine: he who
presses them wants it.
Rule 3: what is said of a key is a prompt that was rendered (`cross.py` looks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ekc_telephony.core.acd.specs import KeyTarget, QueueKey
from ekc_telephony.core.kernel.ids import PromptKey, QueueId
from ekc_telephony.settings.document import Document, Location
from ekc_telephony.settings.errors import Mistake, suggest
from ekc_telephony.settings.models import OtherQueue, Queue, QueueKeyRule, Settings


def queue_keys(queue: Queue) -> Mapping[str, QueueKey]:
    """Return what each key of the queue does."""
    return {key: _queue_key(rule) for key, rule in queue.keys.items()}


def _queue_key(rule: QueueKeyRule) -> QueueKey:
    if isinstance(rule, KeyTarget):
        return QueueKey(target=rule)
    return QueueKey(
        target=KeyTarget.QUEUE,
        to_queue=QueueId(rule.queue),
        said_by=None if rule.say is None else PromptKey(rule.say),
    )


def key_mistakes(
    document: Document, number: int, queue: Queue, settings: Settings
) -> Iterator[Mistake]:
    """
    Yield what cannot be right about the keys of one queue.

    Args:
        document: The whole file.
        number: Which queue it is, from 0.
        queue: The queue.
        settings: All settings.
    """
    names = [each.id for each in settings.queues]
    for found in document.keys_under(("queues", number, "keys")):
        rule = queue.keys.get(found.written)
        if isinstance(rule, OtherQueue):
            yield from _queue_mistakes(document, found.location, rule.queue, queue, names)


def _queue_mistakes(
    document: Document, at: Location, leads_to: str, queue: Queue, names: list[str]
) -> Iterator[Mistake]:
    if leads_to == queue.id:
        yield document.mistake(
            (*at, "queue"),
            found=f"a key that leads from {queue.id} to {queue.id}",
            expected="another queue",
            advice="remove the key, or name the queue that its callers ask for",
        )
    elif leads_to not in names:
        yield document.mistake(
            (*at, "queue"),
            found=f"the unknown queue {leads_to}",
            expected="a queue that exists",
            advice=suggest(leads_to, names, "add it under `queues:`"),
        )
