# What `make setup` says, and the few folders every step shares.
#
# Rule 1: a step says one line when it starts something slow and one when it is done; details go to a log.
# Rule 2: `fail` is the only way to end badly: what is wrong, then what to do about it. Nothing half-done stays.
# Rule 3: folders are built aside (`NAME.new`) and renamed, so what exists under its own name is whole.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runtime=$project/.runtime
recipes=$project/lab/setup
# A folder outside the clone lets a second clone reuse the downloads.
cache=$(realpath -m "${EKC_CACHE:-$runtime/cache}")
# What must run with this machine's own libc comes from a Debian that is old enough for all supported machines.
native_suite=bookworm
log=$runtime/logs/setup.log

say() { printf 'setup: %s\n' "$*"; }

fail() { # fail WHAT_IS_WRONG WHAT_TO_DO...
  {
    printf 'setup: ERROR: %s\n' "$1"
    shift
    for advice in "$@"; do printf 'setup:        %s\n' "$advice"; done
  } >&2
  exit 1
}

require_program() { # require_program NAME DEBIAN_PACKAGE
  command -v "$1" >/dev/null || fail "the program '$1' is not on this machine." "Install it: apt-get install $2   (as root)"
}

last_lines_of_log() { tail -n 3 "$log" 2>/dev/null | cut -c 1-200; }

swap_in() { # swap_in NEW FINAL: put a finished folder in its place; the moment without it is two renames long
  rm -rf "$2.old"
  if [ -e "$2" ]; then mv -T "$2" "$2.old"; fi
  mv -T "$1" "$2"
  rm -rf "$2.old"
}

remove_unfinished() { rm -rf "$runtime"/*.new "$project/.venv.new"; }

checksum_of() { # checksum_of WORD... -- FILE...: one sum over settings and files, the stamp of a component
  local words=()
  while [ "$1" != -- ]; do words+=("$1"); shift; done
  shift
  { printf '%s\n' "${words[@]}"; cat "$@"; } | sha256sum | cut -d' ' -f1
}

is_current() { # is_current FOLDER STAMP
  [ -f "$1/.stamp" ] && [ "$(<"$1/.stamp")" = "$2" ]
}
