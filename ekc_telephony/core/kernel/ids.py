"""
Identifiers: each kind of thing has its own type, so mixing them up is a type error.

Ids are ours and grow from Asterisk's unique id of the caller's channel (`ekc-1795300000.17`): the
agent's leg of the second offer is `ekc-1795300000.17-offer-2`. They hold no slash, since they stand
in URLs. ARI accepts ids chosen by the client for channels, bridges and playbacks, so a reply that
was lost and a command sent twice cannot dial twice.
"""

from __future__ import annotations

from typing import NewType

CallId = NewType("CallId", str)
"""One contact, from ring to goodbye: the unique id of the caller's channel."""
LegId = NewType("LegId", str)
"""One channel of a call (caller's or agent's): Asterisk's channel id."""
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
RecordingId = NewType("RecordingId", str)
"""The name of a recording, without folder and extension."""
OfferId = NewType("OfferId", str)
"""One caller reserved to one agent; it is also the id of the agent's leg."""
AgentId = NewType("AgentId", str)
"""The SIP account of an agent, as `ekc.yaml` spells it."""
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
AppealId = NewType("AppealId", str)
ScriptId = NewType("ScriptId", str)
OverlayId = NewType("OverlayId", str)
"""An emergency overlay over the scripts: `o17`."""
NodeId = NewType("NodeId", str)
"""The name of a node inside one IVR script."""
ServiceId = NewType("ServiceId", str)
"""One information system that scripts ask, as `ekc.yaml` spells it."""
RequestId = NewType("RequestId", str)
"""One lookup of one call: one question to a service."""
PromptKey = NewType("PromptKey", str)
"""A prompt of `sounds/manifest.yaml`."""
Did = NewType("Did", str)
"""The number that the caller dialled, as the trunk delivers it."""


def is_of_node(call: CallId, node: str) -> bool:
    """
    Tell whether a call reached the node of this name.

    `ekc-2-1795300000.17` is a call of the node `ekc-2`, not of `ekc`.
    """
    return call.rpartition("-")[0] == node
