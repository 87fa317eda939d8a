"""
Rehearsals with what a site knows: its scripts and prompts, its hours, and test cases beside them.

- `phrasebook`: what a prompt says, how long it lasts, which file it is.
- `stage`: from a script and the facts of a call to a `Rehearsal` of the core.
- `deeds`: what a caller does, as it is written: `2,#,t`.
- `cases`: the files of test cases. `verdict`: what was expected and not found.
- `trials`: all test cases of scripts, and what they leave untried.
"""
