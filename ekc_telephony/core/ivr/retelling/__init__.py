"""Calls of the past told again with another version of their script: what would have changed."""
