"""Asterisk's configuration: rendered from templates, with this installation's passwords."""
