"""
`make demo`: the main job, live, on a real Asterisk with real SIP phones.

    site.py      the node's own ekc.yaml: made from the sample, with shorter times
    plan.py      who calls, what he does, and what must come of it: data only, seeded
    stage.py     plays the plan: operators' phones, callers, the live screen
    verdict.py   compares what became of the calls with the plan, and prompts with recordings
    report.py    tells it, and writes demo.json
"""
