# Debian packages without root: resolved by apt against an empty package status, checked, unpacked into a folder.
#
# apt gets a configuration of its own; from the machine's it takes the mirror and the `Acquire::` settings (proxy,
# certificates, timeouts), so what works for the machine's administrator works here.
#
# Rule 1: every package list is verified by apt with Debian's archive keyring, every package by the hash in that list,
#         also when it comes out of the cache.
# Rule 2: no mirror is named here: it is the first Debian one that the machine itself uses for `main`.

keyrings=(/usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp)
[ -z "${EKC_DEBIAN_KEYRING:-}" ] || keyrings=("$EKC_DEBIAN_KEYRING")
debian_suites='(bookworm|trixie|forky|duke|sid|stable|oldstable|testing|unstable)(-updates|-backports)?'

name_of_this_system() { (. /etc/os-release 2>/dev/null && printf '%s' "${PRETTY_NAME:-unknown}") || printf unknown; }

check_debian_tools() {
  local program
  for program in apt-get apt-cache apt-config dpkg dpkg-deb; do
    command -v "$program" >/dev/null || fail "'$program' was not found; this system is: $(name_of_this_system)." \
      "The embedded Asterisk is made of Debian's packages, and apt fetches and verifies them." \
      "Use Debian 12 or newer, or run the project inside a Debian 12 container."
  done
  architecture=$(dpkg --print-architecture)
  case $architecture in
    amd64 | arm64) ;;
    *) fail "this machine's CPU ($architecture) is not supported." \
      "The project's Python packages exist for amd64 and arm64: use such a machine." ;;
  esac
  local candidate
  for candidate in "${keyrings[@]}"; do
    if [ -r "$candidate" ]; then keyring=$candidate; return; fi
  done
  fail "Debian's archive keyring was not found (${keyrings[0]})." \
    "It verifies every download. Install it: apt-get install debian-archive-keyring   (as root)"
}

find_mirror() { # apt itself reads the machine's sources, so both formats of them are understood
  if [ -n "${EKC_DEBIAN_MIRROR:-}" ]; then printf '%s' "$EKC_DEBIAN_MIRROR"; return; fi
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v suites="^$debian_suites\$" '$1 !~ /^(cdrom|file|copy)/ && $2 ~ suites && $3 == "main" { print $1; exit }'
}

write_apt_configuration() { # write_apt_configuration SUITE FOLDER SOURCES_LINE...
  local suite=$1 folder=$2
  shift 2
  mkdir -p "$folder/lists/partial" "$folder/archives/partial" "$cache/packages"
  : >"$folder/status"
  printf '%s\n' "$@" >"$folder/sources.list"
  {
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::Languages' || true
    printf '%s "/dev/null";\n' Dir::Etc::main Dir::Etc::parts Dir::Etc::sourceparts Dir::Etc::preferences \
      Dir::Etc::preferencesparts Dir::Etc::trusted Dir::Etc::trustedparts
    printf 'Dir::Etc::sourcelist "%s";\n' "$folder/sources.list"
    printf 'Dir::State "%s";\nDir::State::lists "%s";\nDir::State::status "%s";\n' "$folder" "$folder/lists" "$folder/status"
    printf 'Dir::Cache "%s";\nDir::Cache::archives "%s";\n' "$folder" "$folder/archives"
    printf 'APT::Architecture "%s";\nAPT::Architectures { "%s"; };\n' "$architecture" "$architecture"
    # The folder is the user's own; root's apt would otherwise try to write it as the user _apt.
    printf 'APT::Install-Recommends "false";\nAPT::Sandbox::User "root";\nAcquire::Languages "none";\n'
    printf 'Acquire::Retries "2";\nAcquire::GzipIndexes "true";\n'
  } >"$folder/apt.conf"
}

explain_failed_update() { # explain_failed_update SUITE MIRROR
  local advice="The whole output is in $log."
  if grep -qE 'is expired \(invalid since|is not valid yet' "$log"; then
    fail "the mirror's package list of Debian '$1' is out of date, or this machine's clock is wrong ($(date -u +%F))." \
      "Correct the clock; or, where an old mirror is wanted, tell apt: Acquire::Check-Valid-Until \"false\";" "$advice"
  elif grep -qE 'NO_PUBKEY|EXPKEYSIG|is not signed|signatures (were|was) invalid|BADSIG' "$log"; then
    fail "the package list of Debian '$1' is not signed by a key in $keyring." \
      "Install the newest debian-archive-keyring; if it persists, do not trust this mirror." "$advice"
  elif grep -qE 'does not have a Release file|404 ' "$log"; then
    fail "the machine's Debian mirror has no suite '$1'." \
      "Choose another mirror (EKC_DEBIAN_MIRROR=...) or another suite (EKC_ASTERISK_SUITE=...)." "$advice"
  fi
  fail "the Debian mirror that this machine uses does not answer." \
    "Check the network; 'apt-get update' must work on this machine (a proxy belongs into apt's configuration)." \
    "To use another mirror: EKC_DEBIAN_MIRROR=... make setup" "$(last_lines_of_log)"
}

open_debian() { # open_debian NAME SUITE/COMPONENTS...: sets APT_CONFIG for the calls that follow
  local name=$1 mirror folder lines=() source
  shift
  check_debian_tools
  mirror=$(find_mirror)
  [ -n "$mirror" ] || fail "no Debian mirror was found among this machine's apt sources." \
    "Name one: EKC_DEBIAN_MIRROR=... make setup"
  folder=$cache/apt/$name-$architecture
  for source in "$@"; do lines+=("deb [signed-by=$keyring] $mirror ${source%%/*} ${source#*/}"); done
  write_apt_configuration "$name" "$folder" "${lines[@]}"
  export APT_CONFIG=$folder/apt.conf
  if ! apt-get -q --error-on=any update >"$log" 2>&1; then
    # Lists of an earlier, verified download still serve when the mirror is away, and when only packages from the cache are wanted.
    compgen -G "$folder/lists/*Packages*" >/dev/null || explain_failed_update "${1%%/*}" "$mirror"
    say "the Debian mirror does not answer; using the package lists already in the cache"
  fi
}

resolve_packages() { # resolve_packages WANTED_REGEX UNWANTED_REGEX PACKAGE...: prints NAME=VERSION of that part of the closure
  local wanted=$1 unwanted=$2
  shift 2
  apt-get -s install "$@" >"$log" 2>&1 || fail "apt cannot resolve: $*" "The whole output is in $log." "$(last_lines_of_log)"
  awk '/^Inst /{ gsub(/[(]/, "", $3); print $2 "=" $3 }' "$log" | grep -E "^($wanted)=" | grep -vE "^($unwanted)=" | sort
}

list_files() { # list_files NAME=VERSION...: prints SHA256 FILE, FILE as `apt-get download` names it
  apt-cache show --no-all-versions "$@" | awk '
    /^Package: /{ name = $2 } /^Version: /{ version = $2; gsub(/:/, "%3a", version) }
    /^Architecture: /{ architecture = $2 } /^SHA256: /{ print $2 "  " name "_" version "_" architecture ".deb" }' | sort -u
}

fetch_packages() { # fetch_packages NAME=VERSION...: into $cache/packages, each one checked
  local checks missing=() file sum package
  checks=$(list_files "$@")
  while read -r sum file; do
    printf '%s  %s\n' "$sum" "$file" | (cd "$cache/packages" && sha256sum --status -c -) 2>/dev/null && continue
    rm -f "$cache/packages/$file"
    package=${file%%_*}
    for candidate in "$@"; do [ "${candidate%%=*}" != "$package" ] || missing+=("$candidate"); done
  done <<<"$checks"
  if [ ${#missing[@]} -gt 0 ]; then
    say "downloading ${#missing[@]} Debian packages"
    (cd "$cache/packages" && apt-get -q download "${missing[@]}") >"$log" 2>&1 ||
      fail "downloading Debian packages failed." "Check the network and run 'make setup' again: what has arrived is kept." "$(last_lines_of_log)"
  fi
  (cd "$cache/packages" && sha256sum --quiet -c - <<<"$checks") >>"$log" 2>&1 ||
    fail "a downloaded package does not have the hash of Debian's signed list." "Run 'make setup' again." "$(last_lines_of_log)"
  files=$(cut -d' ' -f3 <<<"$checks")
}

unpack_packages() { # unpack_packages FOLDER WANTED_REGEX UNWANTED_REGEX PACKAGE...: also writes FOLDER/versions.txt
  local folder=$1 packages file
  mapfile -t packages < <(resolve_packages "${@:2}")
  [ ${#packages[@]} -gt 0 ] || fail "Debian has none of the packages: ${*:4}" "The whole output is in $log."
  fetch_packages "${packages[@]}"
  rm -f "${APT_CONFIG%/*}"/*pkgcache.bin # apt's index of the lists: large, and made again in a second
  mkdir -p "$folder/usr/bin" "$folder/usr/sbin" "$folder/usr/lib" "$folder/usr/lib64"
  # The layout of a merged /usr, in which packages for /lib and /usr/lib land in the same place.
  for file in bin sbin lib lib64; do ln -s "usr/$file" "$folder/$file"; done
  for file in $files; do dpkg-deb -x "$cache/packages/$file" "$folder"; done
  printf '%s\n' "${packages[@]}" >"$folder/versions.txt"
}

library_folder() { # library_folder TREE: prints usr/lib/TRIPLET, whatever this architecture's triplet is
  local found
  found=$(cd "$1" && compgen -G 'usr/lib/*-linux-gnu*' | head -n 1)
  [ -n "$found" ] || fail "the unpacked packages hold no library folder ($1/usr/lib)."
  printf '%s' "$found"
}
