#!/bin/sh
# A throwaway PostgreSQL server in a folder: `postgres-run FOLDER` makes the cluster when it is not there, then serves in
# the foreground on the Unix socket FOLDER/.s.PGSQL.5432 (user `ekc`, no password, nothing on the network).
# It stops on SIGINT, SIGTERM, or when the process that started it dies. `postgres-run --version` prints the version.
#
# PostgreSQL refuses to run as root; there, a user namespace gives it another name for the same user, so the folders stay
# readable. Where namespaces are forbidden it becomes `nobody`, and FOLDER is handed over.
set -eu
tree=$(dirname "$(dirname "$(readlink -f "$0")")")
programs=$(echo "$tree"/usr/lib/postgresql/*/bin)
LD_LIBRARY_PATH=$(echo "$tree"/usr/lib/*-linux-gnu*)
export LD_LIBRARY_PATH TZ=GMT
if [ "$1" = --version ]; then exec "$programs/postgres" --version; fi
folder=$(readlink -f "$1")

drop=
if [ "$(id -u)" = 0 ]; then
  if unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
    drop="unshare --user --map-user=1000 --map-group=1000"
  else
    drop="setpriv --reuid=65534 --regid=65534 --clear-groups"
    chown 65534:65534 "$folder"
  fi
fi
if [ ! -f "$folder/cluster/PG_VERSION" ]; then
  $drop "$programs/initdb" -D "$folder/cluster" -U ekc -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$folder/initdb.log" 2>&1 ||
    { cat "$folder/initdb.log" >&2; exit 1; }
fi
# GMT is the one time zone that PostgreSQL knows without the machine's tzdata.
# The server's death signal is set last: a change of user would clear it.
exec $drop setpriv --pdeathsig INT "$programs/postgres" -D "$folder/cluster" -k "$folder" -c listen_addresses= \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB -c max_connections=50 -c jit=off \
  -c timezone=GMT -c log_timezone=GMT
