"""What can be proved of a script before a caller hears it; docs/architecture/ivr-proofs.md."""
