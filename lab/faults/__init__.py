"""
`make faults`: nobody is lost, shown on a real Asterisk under load while parts of it are killed.

    plan.py         what every citizen means to do: seeded, data only
    schedule.py     which fault comes when: seeded, data only
    sip.py dialogs.py registration.py rtp.py   the phones: cheap enough for fifty at a time
    citizens.py     citizens who call through the trunk; operators.py: those who answer
    sightings.py    what the phones saw: the truth that everything is compared with
    world.py        the node: Asterisk, engine, guard, each restarted when it dies
    processes.py    programs that are started again; faketime.py: a wall clock that can be set
    proxy.py        the network between engine and Asterisk, which can be cut or go deaf
    injections.py   the faults, and how each is known to be over
    stored.py       what the store says of the calls
    fates.py        which outcome is right for what a caller saw, with the reason
    evidence.py     what is known of a run; each violation says where to look
    checker.py      the rules together; rules_of_*.py: the rules
    report.py picture.py   faults.json, faults.svg, and what is printed
    recovery.py     how fast a killed engine adopts 200 calls
"""
