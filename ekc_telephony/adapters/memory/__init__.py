"""Ports that live in memory only: for tests and for trying things out."""
