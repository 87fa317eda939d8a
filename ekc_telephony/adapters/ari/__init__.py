"""
ARI: the calls of one Asterisk, as events and commands.

- `models` (generated) is what we read of ARI's messages.
- `client` holds the two ways to Asterisk: the event WebSocket and a pool of HTTP connections.
- `translate` turns one message into one event; pure.
- `reconcile` compares what Asterisk holds with what it told us; pure.
- `forwards` ends what Asterisk dials where a phone forwards to.
- `link` keeps the connection for ever and delivers the events.
- `execute` carries out commands.
"""
