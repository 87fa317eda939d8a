"""Figures of a contact centre: pure formulas over calls, segments and presences."""
