# The virtual environment `.venv/`: exactly the locked packages, each checked by its hash, and the project itself.
#
# Rule 1: pip never resolves anything here: what is not in requirements.lock is not installed.
# Rule 2: a Python without ensurepip (Debian without python3-venv) is served by pip's wheel out of Debian's own package.

find_python() { # sets python to the first interpreter that is new enough
  local candidate found=()
  for candidate in ${EKC_PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    command -v "$candidate" >/dev/null || continue
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$("$candidate" -c 'import sys; print(sys.executable)')
      return
    fi
    found+=("$candidate: $("$candidate" -V 2>&1 | head -n 1)")
  done
  fail "no Python 3.11 or newer was found (found: ${found[*]:-none})." \
    "On Debian 12 or newer: apt-get install python3   (as root)" "Or name one: EKC_PYTHON=/path/to/python3 make setup"
}

install_python() {
  local stamp venv=$project/.venv new=$project/.venv.new
  [ -f "$project/requirements.lock" ] || fail "requirements.lock is not in $project." "Restore it from git, or make it: make lock"
  stamp=$(checksum_of "$project" "${EKC_PYTHON:-}" "$(installed_part_of_pyproject)" -- "$recipes/python.sh" "$project/requirements.lock")
  if is_current "$venv" "$stamp" && [ -x "$venv/bin/python" ]; then return; fi
  find_python
  say "virtual environment with $("$python" -V) (the locked packages, once)"
  rm -rf "$new"
  "$python" -m venv --without-pip --prompt ekc "$new" >"$log" 2>&1 || fail "making the virtual environment failed." "$(last_lines_of_log)"
  install_locked_packages "$new"
  printf '%s' "$stamp" >"$new/.stamp"
  point_at_final_place "$new" "$venv"
  swap_in "$new" "$venv"
  say "the virtual environment is ready: $(grep -c '^[a-z0-9]' "$project/requirements.lock") packages, all hashes checked"
}

installed_part_of_pyproject() { # a changed lint rule is no reason to install anything again
  awk '/^\[/{ wanted = /^\[(project|build-system|tool[.]setuptools)/ } wanted' "$project/pyproject.toml"
}

install_locked_packages() {
  local pip
  pip=$(find_pip_wheel)
  [ -z "${EKC_CACHE:-}" ] || export PIP_CACHE_DIR=$cache/pip
  run_pip "$1" "$pip" --require-hashes -r "$project/requirements.lock"
  run_pip "$1" "$pip" --no-deps --no-build-isolation -e "$project"
}

run_pip() { # run_pip VENV PIP_WHEEL ARGUMENT...
  PYTHONPATH=$2 "$1/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off "${@:3}" >"$log" 2>&1 ||
    explain_failed_pip
}

find_pip_wheel() { # prints a wheel of pip; one can be run as it is, without being installed
  local wheel
  wheel=$("$python" -c 'import ensurepip, glob, os
own = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
print(next(iter(glob.glob(own + "/pip-*.whl")), ""))' 2>/dev/null) || true
  [ -n "$wheel" ] || wheel=$(compgen -G '/usr/share/python-wheels/pip-*.whl' | head -n 1) || true
  if [ -z "$wheel" ]; then
    wheel=$(compgen -G "$cache/pip-wheel/usr/share/python-wheels/pip-*.whl" | head -n 1) || true
  fi
  if [ -z "$wheel" ]; then
    say "this Python has no ensurepip (Debian's package python3-venv); taking pip's wheel from Debian" >&2
    rm -rf "$cache/pip-wheel" "$cache/pip-wheel.new"
    open_debian native "$native_suite/main" >&2
    unpack_packages "$cache/pip-wheel.new" python3-pip-whl none python3-pip-whl >&2
    swap_in "$cache/pip-wheel.new" "$cache/pip-wheel"
    wheel=$(compgen -G "$cache/pip-wheel/usr/share/python-wheels/pip-*.whl" | head -n 1)
  fi
  printf '%s' "$wheel"
}

point_at_final_place() { # the scripts of a virtual environment name its folder; it is about to be renamed
  grep -rlIF "$1" "$1/bin" "$1/pyvenv.cfg" | while read -r script; do sed -i "s|$1|$2|g" "$script"; done
}

explain_failed_pip() {
  if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
    fail "a Python package does not have the hash in requirements.lock." \
      "If the lock is old: make lock. If not, the package index serves something else: do not install it." "$(last_lines_of_log)"
  elif grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|SSLError|ReadTimeout|Retrying \(' "$log"; then
    fail "pip cannot reach its package index." \
      "Check the network; an index or a proxy of your own belongs into pip's configuration (pip config list)." "$(last_lines_of_log)"
  elif grep -qE 'No matching distribution|Could not find a version' "$log"; then
    fail "the package index that pip uses lacks a locked package for $("$python" -V 2>&1) on $(uname -m)." \
      "Use Python 3.11 (EKC_PYTHON=...), or a complete index (pip config list)." "$(last_lines_of_log)"
  fi
  fail "pip failed." "The whole output is in $log." "$(last_lines_of_log)"
}
