"""
The scripts that ship, walked by real phones along the paths of their test cases.

    make ivr-walk        # every case; the report in .runtime/reports/ivr-walk.json

A test case is rehearsed first (`settings/rehearsing`); what the rehearsal has heard, pressed and
asked is what the phone is to hear by sound, presses and lets be asked on a real Asterisk.
"""
