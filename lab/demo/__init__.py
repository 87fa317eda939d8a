"""
`make demo`: the main job, live, on a real Asterisk with real SIP phones.

    site.py          the node's own ekc.yaml and scripts: the shipped ones, with shorter times
    speaking.py      lets RHVoice speak what the scripts say, and tells how far it is
    calls.py         what a planned call is made of: steps, traces, what must come of it
    plan.py          who calls when; script_calls.py and storm.py hold the calls to other scripts
    stage.py         plays the plan: callers who act by what they hear
    office.py        the operators' phones
    screen.py        what is shown meanwhile
    verdict.py       compares what became of the calls with the plan, and prompts with recordings;
                     evidence.py looks for what they left in appeals and information systems
    proofs.py        the journal replayed, the appeals compared with Asterisk's own record
    report.py        tells it, and writes demo.json
"""
