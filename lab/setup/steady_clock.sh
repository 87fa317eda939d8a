# The clock that nobody can set, compiled for Asterisk; and the `asterisk` that everybody here starts, which loads it.
#
# Rule 1: it comes after Asterisk's own step, whose wrapper of that name it replaces in .runtime/bin.

steady_clock_flags=(-std=gnu11 -O2 -Wall -Wextra -shared -fPIC)

install_steady_clock() {
  local stamp new=$runtime/steady_clock.new source=$project/steady_clock/steady_clock.c
  stamp=$(checksum_of "${steady_clock_flags[@]}" -- "$source" "$recipes/steady_clock.sh")
  if ! is_current "$runtime/steady_clock" "$stamp"; then
    compiler_for_steady_clock
    rm -rf "$new"
    mkdir -p "$new/wrappers"
    "$compiler" "${steady_clock_flags[@]}" -o "$new/steady_clock.so" "$source" >"$log" 2>&1 ||
      fail "steady_clock/steady_clock.c cannot be compiled." \
        "Its C library must be glibc 2.34 or newer, with headers: apt-get install libc6-dev   (as root)" "$(last_lines_of_log)"
    write_steady_wrapper "$new/wrappers/asterisk"
    # Only the library makes the clock's file; one that cannot be loaded is passed over in silence.
    EKC_CLOCK=$new/clock "$new/wrappers/asterisk" -V >"$log" 2>&1 && [ -s "$new/clock" ] ||
      fail "Asterisk does not start with the steady clock." "$(last_lines_of_log)"
    rm "$new/clock"
    printf '%s' "$stamp" >"$new/.stamp"
    swap_in "$new" "$runtime/steady_clock"
    say "ready: the steady clock of Asterisk"
  fi
  publish_wrappers steady_clock
}

compiler_for_steady_clock() { # sets compiler
  compiler=${CC:-cc}
  command -v "$compiler" >/dev/null || fail "there is no C compiler ('$compiler'); Asterisk's steady clock is a small library in C." \
    "Install one: apt-get install gcc libc6-dev   (as root). Another one than cc: CC=... make setup"
}

write_steady_wrapper() { # write_steady_wrapper FILE: like Asterisk's own, with the library first among what is loaded before it
  local library loader
  library=$(library_folder "$runtime/asterisk")
  loader=$(cd "$runtime/asterisk" && compgen -G "$library/ld-linux*.so.*" | head -n 1)
  cat >"$1" <<WRAPPER
#!/bin/sh
clock=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
tree=\$(dirname "\$clock")/asterisk
# The assignment is for Asterisk alone: the library takes itself out of the first program's environment that loads it.
LD_PRELOAD=\$clock/steady_clock.so\${LD_PRELOAD:+:\$LD_PRELOAD} \\
  exec "\$tree/$loader" --library-path "\$tree/$library" "\$tree/usr/sbin/asterisk" "\$@"
WRAPPER
  chmod +x "$1"
}
