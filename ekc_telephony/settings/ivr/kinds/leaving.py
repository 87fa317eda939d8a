"""The kinds by which a caller leaves the script, for good or for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    WithJsonSchema,
)
from typing_extensions import override

from ekc_telephony.core.call.facts import CallOutcome
from ekc_telephony.core.engine.message import INVITATION
from ekc_telephony.core.ivr import script as core
from ekc_telephony.core.kernel.ids import QueueId, SkillId
from ekc_telephony.settings.document import Location
from ekc_telephony.settings.ivr.kinds.node_model import NodeModel, Written
from ekc_telephony.settings.ivr.site import Site
from ekc_telephony.settings.ivr.words import Prompts
from ekc_telephony.settings.values import Level, Name

_OUTCOMES: Final = (
    CallOutcome.SELF_SERVED,
    CallOutcome.INFORMED_AFTER_HOURS,
    CallOutcome.INFORMED_NO_AGENTS,
)


def _may_be_said(outcome: CallOutcome) -> CallOutcome:
    if outcome not in _OUTCOMES:
        raise ValueError("one of: " + ", ".join(each.value for each in _OUTCOMES))
    return outcome


class Enqueue(NodeModel):
    """`enqueue`: wait for an operator."""

    kind: Literal["enqueue"]
    queue: Name
    answer: Literal["at_once", "with_agent"] = "at_once"
    skills: Mapping[Name, Level] = Field(default_factory=dict)
    """What the caller needs besides what the queue asks for."""
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    """Besides that of the queue."""
    after: Name | None = None
    """Where he goes on whose operator has hung up."""
    targets_at = ("after",)

    @override
    def build(self, site: Site, name: str) -> None:
        at: Location = ("nodes", name)
        known = site.building.known
        site.must_exist("queue", self.queue, known.queues, (*at, "queue"))
        for skill in self.skills:
            site.must_exist("skill", skill, known.skills, (*at, "skills", skill))
        site.put(
            name,
            core.Enqueue(
                queue=QueueId(self.queue),
                answers_at_once=self.answer == "at_once",
                skills={SkillId(skill): level for skill, level in self.skills.items()},
                priority=self.priority,
                after=None if self.after is None else site.node(self.after),
            ),
        )


class Message(NodeModel):
    """`message`: leave a voice message."""

    kind: Literal["message"]
    prompts: Prompts = Field(default=INVITATION, min_length=1)
    """What he is asked for; the tone follows."""
    otherwise: Name
    """Where he goes when there is no message and he cannot be called back."""
    targets_at = ("otherwise",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        site.put(name, core.Message(prompts=said, otherwise=site.node(self.otherwise)))


class Transfer(NodeModel):
    """`transfer`: ring a number outside."""

    kind: Literal["transfer"]
    number: Written
    otherwise: Name
    targets_at = ("otherwise",)

    @override
    def build(self, site: Site, name: str) -> None:
        known = site.building.known.outside
        site.must_exist("number outside", self.number, known, ("nodes", name, "number"))
        site.put(name, core.Transfer(number=self.number, otherwise=site.node(self.otherwise)))


class Goodbye(NodeModel):
    """`goodbye`: hear the last words."""

    kind: Literal["goodbye"]
    prompts: Prompts
    outcome: Annotated[
        CallOutcome,
        AfterValidator(_may_be_said),
        WithJsonSchema({"enum": [each.value for each in _OUTCOMES]}),
    ]

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        site.put(name, core.Goodbye(prompts=said, outcome=self.outcome))


class Callback(NodeModel):
    """`callback`: be put on the callback list."""

    kind: Literal["callback"]
    prompts: Prompts = Field(min_length=1)
    without_number: Name
    targets_at = ("without_number",)

    @override
    def build(self, site: Site, name: str) -> None:
        said = site.words(self.prompts, ("nodes", name, "prompts"))
        without = site.node(self.without_number)
        site.put(name, core.Callback(prompts=said, without_number=without))
