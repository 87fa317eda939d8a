"""The journal's files: encrypted records, appended one after the other, read after a restart."""
