"""
`make bench`: the engine against bare `Dial()` and `app_queue`, in one Asterisk, in one run.

SIPp plays citizens and operators. For every rate the three targets take turns in short slices, so
that whatever else the machine does in those minutes hits all three alike. Begin with `run.py`.

Rule 1: everything it makes lies in `.runtime/bench/`; only the report is outside, in
`.runtime/reports/bench.json`.
Rule 2: speed is reported, never asserted: the exit code tells whether every call went through and
has its appeal.
"""
