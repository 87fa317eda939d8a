"""
Everything that decides, and nothing that acts.

Events and the passing of time go in, effects (commands and facts) come out; `now` is always an
argument. So the same core runs in production, in tests on a virtual clock, and in a simulator.

Rule 1: no I/O, clock, log, randomness, thread or lock in here; import-linter enforces it.
Rule 2: an illegal transition raises and changes nothing: it is our bug, not a bad caller.
"""
