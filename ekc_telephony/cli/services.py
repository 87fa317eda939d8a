"""
`ekc services`: the information systems that scripts ask: which there are, their secrets, a trial.

Exit status: 0 when it is done or something was found; 1 when nothing was found; 2 when the system
could not be asked; 3 when what was typed cannot be right.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NoReturn

import structlog
import typer

from ekc_telephony.adapters.asterisk_conf.secrets import (
    SecretsError,
    keep_service_secret,
    load_or_create_secrets,
)
from ekc_telephony.adapters.clock import SystemClock
from ekc_telephony.adapters.services.client import ServiceClient
from ekc_telephony.adapters.services.spec import ServiceSpec
from ekc_telephony.core.call.lookup import LookupOutcome, LookupResult
from ekc_telephony.core.kernel.ids import RequestId
from ekc_telephony.settings.errors import SettingsError, suggest
from ekc_telephony.settings.load import load_settings
from ekc_telephony.settings.models import Settings
from ekc_telephony.settings.services import SecretMissingError, ServiceSettings, service_specs

NOT_FOUND: Final = 1
FAILED: Final = 2
WRONG_INPUT: Final = 3

Config = Annotated[Path, typer.Option("--config", help="The configuration file.")]
Which = Annotated[str, typer.Argument(help="The service's id in ekc.yaml.")]
Fields = Annotated[
    list[str] | None, typer.Option("--field", help="What to ask by: name=value; often given.")
]

app = typer.Typer(help="Information systems that scripts ask.", no_args_is_help=True)


@app.command("list")
def list_services(config: Config = Path("ekc.yaml")) -> None:
    """Print the services of the configuration, and whether their secrets are known."""
    settings = _settings(config)
    known = _secrets(settings)
    for each in settings.services:
        secret = "" if each.secret_header is None else _known(each, known)
        typer.echo(f"{each.id:20} {each.method.value:4} {each.url}{secret}")


@app.command()
def secret(service: Which, config: Config = Path("ekc.yaml")) -> None:
    """Keep what a service knows us by; it is typed unseen, or read from standard input."""
    settings = _settings(config)
    if _named(settings, service).secret_header is None:
        _refuse(f"the service {service} has no `secret_header` in {config}; add one there first")
    typed = _typed()
    if not typed or not typed.isascii() or not typed.isprintable():
        _refuse("found no line of plain ASCII; expected the header's whole value: Bearer …")
    try:
        keep_service_secret(settings.secrets_file, settings.accounts, service=service, secret=typed)
    except (SecretsError, OSError) as error:
        _refuse(str(error))
    typer.echo(f"Kept in {settings.secrets_file}; it is used from the engine's next start on.")


@app.command()
def ask(service: Which, field: Fields = None, config: Config = Path("ekc.yaml")) -> None:
    """Ask a service once, as a script would, and print its answer."""
    settings = _settings(config)
    named = _named(settings, service)
    pairs = [each.partition("=") for each in field or []]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        _refuse(f"--field: found {wrong[0]}, expected name=value")
    fields = {name: value for name, _, value in pairs}
    if (misfit := named.misfit(fields)) is not None:
        _refuse(misfit)
    try:
        (spec,) = service_specs([named], _secrets(settings))
    except SecretMissingError as error:
        _refuse(str(error))
    with _logging_to_stderr():
        result = asyncio.run(_asked(spec, fields))
    if result.answer is not None:
        typer.echo(result.answer.text)
        return
    typer.echo(result.outcome.value if result.failure is None else result.failure.value, err=True)
    raise typer.Exit(NOT_FOUND if result.outcome is LookupOutcome.NOT_FOUND else FAILED)


@contextmanager
def _logging_to_stderr() -> Iterator[None]:
    """Keep the answer alone on stdout; whoever called us logs as before afterwards."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)


async def _asked(spec: ServiceSpec, fields: dict[str, str]) -> LookupResult:
    async with ServiceClient(spec, clock=SystemClock()) as client:
        return await client.ask(RequestId("ekc-services-ask"), fields)


def _typed() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("The header's whole value", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _settings(config: Path) -> Settings:
    try:
        return load_settings(config)
    except SettingsError as error:
        _refuse(str(error))


def _secrets(settings: Settings) -> dict[str, str]:
    try:
        return dict(load_or_create_secrets(settings.secrets_file, settings.accounts).services)
    except (SecretsError, OSError) as error:
        _refuse(str(error))


def _named(settings: Settings, service: str) -> ServiceSettings:
    known = {each.id: each for each in settings.services}
    if service not in known:
        advice = suggest(service, known, "add it under `services:` in ekc.yaml")
        _refuse(f"found no service {service} in the configuration; {advice}")
    return known[service]


def _known(service: ServiceSettings, known: dict[str, str]) -> str:
    return ", secret known" if service.id in known else ", SECRET MISSING"


def _refuse(why: str) -> NoReturn:
    typer.echo(f"ekc services: {why}", err=True)
    raise typer.Exit(WRONG_INPUT)
