#!/bin/sh
# What must be there before Asterisk and PostgreSQL start: the store's password, the node's secrets, Asterisk's folder,
# and what the scripts' texts sound like (a minute for all of them, the first time; the engine would do it before it serves).
#
# Rule 1: safe to run again: a password that exists is never changed.
# Rule 2: a script that somebody is working on keeps nothing from starting; callers meet the published ones.
set -eu
umask 077
password=${EKC_STORE_PASSWORD_FILE:-/run/ekc/store-password}
if [ ! -s "$password" ]; then
  python3 -c 'import secrets; print(secrets.token_urlsafe(24), end="")' >"$password.new"
  # PostgreSQL runs as another user; nobody but the two has this volume.
  chmod 444 "$password.new"
  mv "$password.new" "$password"
fi
ekc conf render
ekc sounds prepare || echo "ekc-prepare: the texts of the scripts are not all rendered, as said above; 'ekc ivr publish' tells, too" >&2
