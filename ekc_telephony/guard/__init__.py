"""
The guard: takes callers out of a dead engine's hands. A tiny process of its own, AMI only.

    python -m ekc_telephony.guard /var/lib/ekc/asterisk/guard.json

While the engine lives it beats: Asterisk's global variable `EKC_ENGINE` changes twice a second.
When that stands still although Asterisk answers, callers parked in the engine's Stasis application
are sent to the dialplan's `fallback`, where nothing of ours is needed. Conversations go on.

- `decision` says what is to be done; pure.
- `translate` reads Asterisk's answers; pure.
- `loop` keeps the AMI connection, asks and acts.
- `access` reads `guard.json`, `log` writes JSON lines as the engine does.

Rule 1: nothing of the engine is imported, so that no bug of the engine is a bug of the guard.
"""
