"""
Asyncio around the core, still without the name of a technology.

The driver feeds the core, the outbox carries its commands out in order, the supervisor decides what
happens when one of our own parts breaks; `ports.py` says what the adapters must offer.
"""
