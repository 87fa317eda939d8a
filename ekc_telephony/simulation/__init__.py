"""A day of the hotline without Asterisk: the production core, a virtual clock and a fake PBX."""
