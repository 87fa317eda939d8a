"""Metrics for Prometheus, counted from facts."""
