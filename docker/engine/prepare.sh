#!/bin/sh
# What must be there before Asterisk and PostgreSQL start: the store's password, the node's secrets, Asterisk's folder.
#
# Rule 1: safe to run again: a password that exists is never changed.
set -eu
umask 077
password=${EKC_STORE_PASSWORD_FILE:-/run/ekc/store-password}
if [ ! -s "$password" ]; then
  python3 -c 'import secrets; print(secrets.token_urlsafe(24), end="")' >"$password.new"
  # PostgreSQL runs as another user; nobody but the two has this volume.
  chmod 444 "$password.new"
  mv "$password.new" "$password"
fi
exec ekc conf render
