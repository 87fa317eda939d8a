"""
Information systems for the demo and the tests: made-up citizens, doctors and offices over HTTP.

    with running_information_systems() as systems:
        systems.url("cases/status")     # http://127.0.0.1:…/cases/status
        systems.fail("cases/status", Fault.SLOW)

`python -m lab.information_systems --port 18090` runs them until Ctrl-C.
"""
