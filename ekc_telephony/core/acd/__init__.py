"""Queues and agents: who is offered to whom, and when."""
