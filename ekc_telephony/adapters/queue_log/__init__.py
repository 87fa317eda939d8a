"""The queue_log's file, as Asterisk writes it."""
