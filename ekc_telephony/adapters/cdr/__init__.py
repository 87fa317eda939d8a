"""Asterisk's own record of calls (CDR): the witness that does not depend on us."""
