"""
What other telephone systems have, in our words.

Everything here is pure: text in, drafts and remarks out. Files are read and written by the command
line, which also lets `ekc_telephony.settings` read every script before it is written.
"""
