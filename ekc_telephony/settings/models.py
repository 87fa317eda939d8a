"""
What `ekc.yaml` may say: the whole configuration of one telephony node, as frozen models.

The file is read by `load.py`; whoever holds a `Settings` holds one that was checked as a whole.
`bootstrap` hands each adapter its own small part; no adapter sees this module.

Rule 1: no passwords. Those are generated per installation and live in `secrets.json` (0600).
Rule 2: an unknown key is a mistake.
Rule 3: what decides how callers are treated (ring time, wrap-up, recording …) has no default.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ekc_telephony.core.acd.acd import PRIORITY_WORTH
from ekc_telephony.core.acd.service_level import ServiceLevelFormula
from ekc_telephony.core.acd.specs import (
    AgentChoice,
    KeyTarget,
    Line,
    NoAgentsPolicy,
    OverflowCause,
)
from ekc_telephony.core.call.presence import NotReadyReason, Presence
from ekc_telephony.core.ivr.hours import ZoneOf
from ekc_telephony.settings.phones import PhoneModel
from ekc_telephony.settings.section import Section
from ekc_telephony.settings.services import ServiceSettings
from ekc_telephony.settings.values import (
    Absence,
    Code,
    Codec,
    Contact,
    Days,
    Dialled,
    Digit,
    Duration,
    EasedLine,
    Extension,
    FilePath,
    HolidayCalendar,
    Interval,
    Level,
    Name,
    OpenInterval,
    Port,
    PositiveDuration,
    Title,
)

Address = IPv4Address | IPv6Address
LOOPBACK = IPv4Address("127.0.0.1")


def _is_loopback(address: Address) -> Address:
    if not address.is_loopback:
        raise ValueError(
            "a loopback address such as 127.0.0.1: the engine runs beside its Asterisk, "
            "and whoever reaches this port commands the telephone system"
        )
    return address


def _has_no_password(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0]
    if "@" in authority and ":" in authority.rpartition("@")[0]:
        raise ValueError(
            "a URL without a password; PostgreSQL's driver takes it from PGPASSWORD or ~/.pgpass"
        )
    return url


def _may_be_declared(reason: NotReadyReason) -> NotReadyReason:
    if reason is NotReadyReason.NO_ANSWER:
        raise ValueError("a reason a person can give: break, lunch, training or other")
    return reason


class Endpoint(Section):
    """Where something listens."""

    bind: Address = LOOPBACK
    port: Port


class SipEndpoint(Endpoint):
    """Where phones and trunks reach Asterisk, over UDP."""

    qualify_every: PositiveDuration | None = timedelta(seconds=60)
    """How often a registered phone is asked whether it is still there; null for never."""


class ControlEndpoint(Section):
    """Where Asterisk takes our orders; on loopback only."""

    bind: Annotated[Address, AfterValidator(_is_loopback)] = LOOPBACK
    port: Port


class RtpPorts(Section):
    """The UDP ports for sound, two for each leg; both ends are included."""

    first: Port
    last: Port


class AsteriskSettings(Section):
    """The Asterisk of this node."""

    root: FilePath
    """The root of the tree Asterisk is installed in: `/` for the system's own."""
    folder: FilePath | None = None
    """Its configuration, spool, logs and recordings; by default `asterisk` in the state folder."""
    sip: SipEndpoint
    rtp: RtpPorts
    ari: ControlEndpoint
    ami: ControlEndpoint
    transfer_button: bool = False
    """Whether phones may transfer by their own button (REFER). Off: Asterisk 22.10.1 was seen to
    crash once when a REFER was answered very early; docs/architecture/transfers.md."""


class StoreSettings(Section):
    """Where appeals are kept."""

    url: Annotated[str, AfterValidator(_has_no_password)] | None = None
    """An SQLAlchemy URL; by default SQLite in the state folder."""


class Trunk(Section):
    """An operator's or a region's line into the house; it is known by its address alone."""

    name: Name
    addresses: tuple[Address, ...] = Field(min_length=1)
    """Calls from these addresses are citizens' calls."""
    codecs: tuple[Codec, ...] = Field(min_length=1)
    asks_after_calls: bool = True
    """Every 90 s the trunk is asked whether an answered call is still there (RFC 4028), so that a
    citizen whose network failed does not wait for ever. Off for a trunk that cannot bear it."""


class OutsideNumber(Section):
    """A number outside that operators may send callers on to, and nobody else's."""

    number: Dialled
    """What the operator dials, and what the trunk is given."""
    trunk: Name
    """By which trunk, at its first address."""


class Number(Section):
    """A number that citizens dial, and the script that answers there."""

    did: Dialled
    script: Name
    """A file in the folder of scripts, without its extension."""
    time_zone: ZoneInfo | None = None
    """Of those it is for, if its area code does not tell, as that of 8 800 does not."""


class ClockRule(Section):
    """By whose clock a service is open: `Europe/Moscow`, or `{of: caller, otherwise: …}`."""

    of: ZoneOf = ZoneOf.SERVICE
    """`caller`: of the region whose code his number has; `dialled`: of the one he dialled."""
    otherwise: ZoneInfo
    """When that is not known: a mobile or a hidden number has no region."""

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, written: object) -> object:
        return written if isinstance(written, Mapping) else {"otherwise": written}


class NamedDay(Section):
    """A date of its own: `2026-12-31`, or `{date: 2026-04-21, title: Радоница}`."""

    date: date
    title: Title | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_date(cls, written: object) -> object:
        return written if isinstance(written, Mapping) else {"date": written}


class Schedule(Section):
    """When a service is open, by the clock on its wall or on the caller's."""

    time_zone: ClockRule
    weekly: Mapping[Days, tuple[OpenInterval, ...]]
    """A day not named is closed; a lunch break is what lies between two intervals."""
    holidays: HolidayCalendar
    region: Name | None = None
    """Whose holidays under `regional_holidays:` close it, too."""
    short_days: Duration = timedelta()
    """How much earlier it closes on the last working day before a public holiday: an hour by law
    (article 95 of the Labour Code), unless the service has people in shifts."""
    closed: tuple[NamedDay, ...] = ()
    """Closed for the whole day, whatever the week says."""
    open: Mapping[date, tuple[OpenInterval, ...]] = Field(default_factory=dict)
    """Other hours on single days; stronger than all the rest."""

    @model_validator(mode="after")
    def _has_holidays_to_be_short_before(self) -> Self:
        if self.short_days and self.holidays is HolidayCalendar.NONE and self.region is None:
            raise ValueError("`holidays: RU` or a `region` beside `short_days`")
        return self

    def hours_of(self, weekday: int) -> tuple[Interval, ...]:
        """Return the ordinary intervals of a weekday (0 = Monday)."""
        return next((hours for days, hours in self.weekly.items() if weekday in days), ())


class Skill(Section):
    """Something an operator can know and a queue can need."""

    name: Name
    title: Title


CALLBACK = "callback"
"""Where an overflow leads that offers to call the citizen back, and a key that does."""
MESSAGE = "message"
"""Where an overflow leads that offers to take a voice message, and a key that does."""
OUTSIDE = "outside"
"""Where an overflow leads that rings a number outside."""
NO_QUEUES = frozenset({CALLBACK, MESSAGE, OUTSIDE})
"""What an overflow can lead to besides queues; no queue may have such a name."""


class Ease(Section):
    """From some waiting time on less is asked for; what is not mentioned stays as it was."""

    after: PositiveDuration
    """Waiting time of the caller."""
    skills: Mapping[Name, Level] | None = None
    """Instead of the skills asked for before."""
    line: EasedLine | None = None
    queues: tuple[Name, ...] = ()
    """Whoever serves one of these will do as well."""


class OverflowRule(Section):
    """Where a caller goes whom nobody takes."""

    when: OverflowCause
    after: Duration = timedelta()
    """How long he must have waited in this queue."""
    length: Annotated[int, Field(ge=0, strict=True)] | None = None
    """For `line_too_long`: how many may wait before him."""
    longer_than: PositiveDuration | None = None
    """For `expected_wait`: how long he may be expected to wait from now on."""
    to: Name
    """A queue; `callback` or `message`: he is told by which key he gets it; `outside`."""
    number: Dialled | None = None
    """For `to: outside`: one of the numbers under `outside:`."""

    @model_validator(mode="after")
    def _is_told_what_it_needs(self) -> Self:
        if (self.length is None) == (self.when is OverflowCause.LINE_TOO_LONG):
            raise ValueError("`length` with `when: line_too_long`, and with nothing else")
        if (self.longer_than is None) == (self.when is OverflowCause.EXPECTED_WAIT):
            raise ValueError("`longer_than` with `when: expected_wait`, and with nothing else")
        if (self.number is None) == (self.to == OUTSIDE):
            raise ValueError("`number` with `to: outside`, and with nothing else")
        return self


class OtherQueue(Section):
    """Another queue that a key leads to."""

    queue: Name
    say: Name | None = None
    """The prompt before «нажмите один»; null for the usual one."""


def _read_key(written: object) -> object:
    if isinstance(written, str) and written in {CALLBACK, MESSAGE}:
        return KeyTarget(written)
    if isinstance(written, Mapping) and "queue" in written and written.keys() <= {"queue", "say"}:
        return OtherQueue.model_validate(written)
    raise ValueError(f"{CALLBACK}, {MESSAGE} or {{queue: <id>, say: <prompt>}}")


QueueKeyRule: TypeAlias = Annotated[KeyTarget | OtherQueue, BeforeValidator(_read_key)]
"""What a key does that a waiting caller presses."""


class Queue(Section):
    """Callers who wait for the same kind of operator."""

    id: Name
    extension: Extension | None = None
    """A short number by which operators send callers on to it; its id can be dialled as well."""
    title: Title
    """Shown on operators' phones and on the wallboard."""
    line: Line
    skills: Mapping[Name, Level] = Field(default_factory=dict)
    """What an operator needs to serve it, with the lowest level that will do."""
    ring_time: PositiveDuration
    """How long one operator's phone rings before the next is tried."""
    wrap_up: Duration
    """The longest after-call work before the next offer."""
    after_refusal: Duration
    """How long an operator who refused is left alone."""
    after_no_answer: Absence = None
    """How long an operator is not ready who let his phone ring out; left out: as `routing` says."""
    announce_every: PositiveDuration | None
    """How often the caller hears his position; null for never."""
    record: bool
    when_no_agents: NoAgentsPolicy
    music: Name = "default"
    """A class of music on hold."""
    choose: AgentChoice = AgentChoice.LONGEST_IDLE
    """Who of the free operators is taken."""
    priority: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    """Each one is worth `routing.priority_worth` of waiting."""
    ease: tuple[Ease, ...] = ()
    overflow: tuple[OverflowRule, ...] = ()
    spare: Duration = timedelta(seconds=60)
    """How long an operator who did not take a caller is not offered him again, if others work."""
    prefer_known: Duration = timedelta()
    """How long a citizen is kept for the operator who talked to him last."""
    keep_place: Duration = timedelta()
    """Who hangs up and calls again within this time gets his place back."""
    keys: Mapping[Digit, QueueKeyRule] = Field(default_factory=dict)
    """By which a waiting caller leaves: `callback`, `message` or `{queue: …, say: …}`."""
    silence_after: PositiveDuration | None = None
    """After so long without the citizen's voice in a talk, or without his own, its operator is told
    (S1.19: 60s); nobody looks without it."""
    briefing: Name | None = None
    """The prompt with its name that operators hear, with the citizen's wait, before him."""
    announce_wait: bool = False
    """Whether the caller hears the expected wait, too, whenever he hears his position."""
    lamp_overloaded: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 10
    """From how many waiting callers on the queue's lamp on desk phones blinks."""


class Operator(Section):
    """A person who takes calls, and his phone."""

    account: Name
    """His SIP account; also who he is in every record."""
    extension: Extension | None = None
    """A short number by which colleagues reach him; his account can be dialled as well."""
    name: Title
    line: Line
    skills: Mapping[Name, Level] = Field(default_factory=dict)
    initial_presence: Presence = Presence.SIGNED_OUT
    """What he is taken for until he declares something himself."""
    contact: Contact | None = None
    """A fixed address, `sip:host:port`, for a phone that does not register."""
    phone: PhoneModel | None = None
    """Whose phone stands on his desk."""
    auto_answer: bool = False
    """Whether it answers by itself; docs/operations/auto-answer.md says what it must allow."""

    @model_validator(mode="after")
    def _is_known_how_it_answers(self) -> Self:
        if self.auto_answer and self.phone is None:
            models = ", ".join(each.value for each in PhoneModel)
            raise ValueError(f"`phone:` beside `auto_answer:`, one of {models}")
        return self

    def may_serve(self, queue: Queue) -> bool:
        """Tell whether he works on the queue's line and has its skills at its levels."""
        return self.line is queue.line and all(
            self.skills.get(skill, 0) >= level for skill, level in queue.skills.items()
        )


class Supervisor(Section):
    """A person who listens to operators' talks, and his phone; no caller is offered to him."""

    account: Name
    """His SIP account; also who he is in every record."""
    name: Title
    contact: Contact | None = None
    """A fixed address, `sip:host:port`, for a phone that does not register."""


class FeatureCodes(Section):
    """What operators dial to declare their presence, and for the caller they talk to."""

    ready: Code = "*45"
    not_ready: Code = "*46"
    """Alone: reason `other`; with one more digit: the reason in `reasons`."""
    reasons: Mapping[Digit, Annotated[NotReadyReason, AfterValidator(_may_be_declared)]] = Field(
        default_factory=lambda: {
            "1": NotReadyReason.BREAK,
            "2": NotReadyReason.LUNCH,
            "3": NotReadyReason.TRAINING,
            "4": NotReadyReason.OTHER,
        }
    )
    signed_out: Code = "*47"
    end_of_wrap_up: Code = "*48"
    extend_wrap_up: Code = "*49"
    transfer: Code = "*70"
    """Followed by where to: `*70102` on a second line, `*70102#` typed into the talk."""
    hand_over: Code = "*71"
    """Connects the caller with the colleague who is asked for advice."""
    conference: Code = "*73"
    """Lets the caller, the operator and the colleague who is asked for advice talk."""
    transfer_reasons: Mapping[Digit, Title] = Field(default_factory=dict)
    """What a digit after the target means, for the card: `*70102*2`."""

    def not_ready_codes(self) -> Mapping[str, NotReadyReason]:
        """Return every code that means «not ready», with its reason."""
        with_digit = {self.not_ready + digit: reason for digit, reason in self.reasons.items()}
        return {self.not_ready: NotReadyReason.OTHER} | with_digit


class ServiceLevel(Section):
    """The promise to callers, and how it is counted."""

    target: PositiveDuration
    formula: ServiceLevelFormula


class QueueLogSettings(Section):
    """What app_queue would have written, for QueueMetrics, Asternic and their like."""

    file: bool = False
    """`log/queue_log` in Asterisk's folder, line by line as Asterisk writes it."""
    table: bool = False
    """The table `queue_log` in the store's database, as Asterisk's realtime writes it."""


class WrapUpExtension(Section):
    """How much more time for after-call work an operator may ask for."""

    by: PositiveDuration
    """So much, each time."""
    at_most: Annotated[int, Field(ge=1, le=20, strict=True)]
    """So often in one wrap-up."""


class Routing(Section):
    """What holds for all queues."""

    priority_worth: PositiveDuration = PRIORITY_WORTH
    """How much waiting one priority is worth: age wins in the end."""
    after_no_answer: Absence = None
    """How long an operator is not ready who let his phone ring out: `2m`; or `until_declared`."""
    extend_wrap_up: WrapUpExtension | None = None
    """Whether operators may have more time for after-call work; null: they may not."""


class AdmissionSettings(Section):
    """How many callers are let in at once."""

    most_calls: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    """Callers at once, in menus, in queues and in talks."""
    script: Name
    """What whoever comes beyond meets: a file in the folder of scripts, without its extension."""


class Settings(Section):
    """The whole file, checked."""

    node: Name
    """The name of this Asterisk (its systemname); every call id begins with it."""
    state: FilePath
    """What this installation writes: secrets, the SQLite store, Asterisk's folder."""
    asterisk: AsteriskSettings
    http: Endpoint
    """The engine's own pages: /healthz, /metrics, /wallboard."""
    store: StoreSettings = StoreSettings()
    queue_log: QueueLogSettings = QueueLogSettings()
    scripts: FilePath
    sounds: FilePath
    """The folder with `ru/` (prompts) and `moh/` (music on hold)."""
    studio: FilePath | None = None
    """The site's own recordings, `ru/<key>.wav`; without it `studio/` in the state folder."""
    trunks: tuple[Trunk, ...]
    numbers: tuple[Number, ...]
    outside: tuple[OutsideNumber, ...] = ()
    services: tuple[ServiceSettings, ...] = ()
    """The information systems that scripts ask."""
    schedules: Mapping[Name, Schedule] = Field(default_factory=dict)
    regional_holidays: Mapping[Name, tuple[NamedDay, ...]] = Field(default_factory=dict)
    """Region → the days that its own law makes holidays, each date told year by year."""
    skills: tuple[Skill, ...] = ()
    queues: tuple[Queue, ...] = Field(min_length=1)
    operators: tuple[Operator, ...]
    supervisors: tuple[Supervisor, ...] = ()
    routing: Routing = Routing()
    admission: AdmissionSettings | None = None
    """None: everybody is let in, as long as Asterisk has legs."""
    feature_codes: FeatureCodes = FeatureCodes()
    service_level: ServiceLevel

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of all phones; each has a password of its own."""
        operators = (each.account for each in self.operators)
        return (*operators, *(each.account for each in self.supervisors))

    @property
    def asterisk_folder(self) -> Path:
        """The folder that `ekc conf render` writes and Asterisk lives in."""
        return self.asterisk.folder or self.state / "asterisk"

    @property
    def rendered_sounds(self) -> Path:
        """The prompts of scripts' texts, rendered here: `<language>/<key>.wav`."""
        return self.state / "sounds"

    @property
    def studio_sounds(self) -> Path:
        """Recordings of the site, which win over every other prompt: `<language>/<key>.wav`."""
        return self.studio or self.state / "studio"

    @property
    def queue_log_file(self) -> Path:
        """Where the queue_log is written; its readers look for it there."""
        return self.asterisk_folder / "log" / "queue_log"

    @property
    def journal_folder(self) -> Path:
        """What the engine remembers from one life to the next."""
        return self.state / "journal"

    @property
    def published_folder(self) -> Path:
        """What is published: the versions of scripts that callers meet."""
        return self.state / "published"

    @property
    def engine_lock(self) -> Path:
        """Held by the one engine of this node."""
        return self.state / "engine.lock"

    @property
    def cdr_file(self) -> Path:
        """Asterisk's own record of every call."""
        return self.asterisk_folder / "log" / "cdr-custom" / "ekc.csv"

    @property
    def hangups_file(self) -> Path:
        """When each channel of Asterisk ended."""
        return self.asterisk_folder / "log" / "cel-custom" / "hangups.csv"

    @property
    def set_aside_file(self) -> Path:
        """Facts that the store refused."""
        return self.state / "facts-set-aside.jsonl"

    @property
    def clock_file(self) -> Path:
        """The clock that Asterisk and the engine share."""
        return self.asterisk_folder / "run" / "clock"

    @property
    def fallback_spool(self) -> Path:
        """What callers did in the fallback dialplan, until the engine takes it in."""
        return self.asterisk_folder / "spool" / "ekc"

    @property
    def secrets_file(self) -> Path:
        """The passwords of this installation."""
        return self.state / "secrets.json"

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL."""
        return self.store.url or f"sqlite:///{self.state / 'ekc.sqlite'}"
