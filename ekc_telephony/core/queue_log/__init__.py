"""The queue_log: what app_queue would have written of the same calls."""
