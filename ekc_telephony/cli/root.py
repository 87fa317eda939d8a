"""The command `ekc` with all its verbs."""

from __future__ import annotations

import typer

from ekc_telephony.cli import (
    agents,
    appeals,
    callbacks,
    calls,
    conf,
    guard,
    replay,
    serve,
    services,
    simulate,
    sounds,
    stats,
    wallboard,
)
from ekc_telephony.cli.ivr import group as ivr

app = typer.Typer(
    help="EKC (ЕКЦ): a contact-centre engine on Asterisk for citizens' hotlines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(guard.guard)
app.command(name="replay")(replay.replay_command)
app.command()(serve.serve)
app.command(name="simulate")(simulate.simulate)
app.command(name="stats")(stats.stats)
app.command()(calls.supervise)
app.command()(wallboard.wallboard)
app.add_typer(agents.app, name="agents")
app.add_typer(appeals.app, name="appeals")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(calls.app, name="calls")
app.add_typer(conf.app, name="conf")
app.add_typer(services.app, name="services")
app.add_typer(ivr.app, name="ivr")
app.add_typer(sounds.app, name="sounds")
