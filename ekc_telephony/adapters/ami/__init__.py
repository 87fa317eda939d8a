"""
AMI: what ARI does not tell, which phones can be reached, and reloading Asterisk's modules.

- `client` is panoramisk's protocol with its defects repaired.
- `translate` turns contacts' states into «phone reached» and «phone lost»; pure.
- `link` keeps the connection for ever and delivers the events.
"""
