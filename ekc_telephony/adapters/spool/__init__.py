"""The spool of the fallback: notes that the dialplan leaves about callers it served without us."""
