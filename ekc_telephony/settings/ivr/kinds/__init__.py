"""
What may be written at a node, kind by kind, and which node of the core it becomes.

- `node_model`: what all kinds have in common.
- `hearing`: play, say, menu, collect.
- `dividing`: hours, branch, set, limit, number, language; the caller meets nothing there.
- `lookups`: lookup.
- `leaving`: enqueue, callback, message, transfer, goodbye.
- `calls`: call and return.
- `composites`: identify, rate, survey; each becomes several nodes of the core.
"""
