# Asterisk 22 and SIPp in one folder, run through the dynamic loader that came with them.
#
# They come from a newer Debian than the machine's own, with that Debian's libc; their own loader keeps the two apart.
#
# Rule 1: anything but Asterisk 22.10 or a newer 22.x is refused: the engine's ARI models are made for it.

asterisk_suite=${EKC_ASTERISK_SUITE:-forky}
# Perl and Python are dependencies of parts that nobody here loads (SNMP, packaging scripts).
asterisk_wanted='asterisk.*|sip-tester|zlib1g|tzdata|lib.*'
asterisk_unwanted='libperl.*|libpython.*'
asterisk_packages=(asterisk asterisk-modules asterisk-config asterisk-core-sounds-ru-wav asterisk-moh-opsound-wav sip-tester)

install_asterisk() {
  local stamp new=$runtime/asterisk.new
  stamp=$(checksum_of "$asterisk_suite" -- "$recipes/asterisk.sh" "$recipes/debian.sh")
  if is_current "$runtime/asterisk" "$stamp"; then return; fi
  say "Asterisk and SIPp from Debian '$asterisk_suite' (100 MB, once)"
  rm -rf "$new"
  open_debian asterisk "$asterisk_suite/main"
  unpack_packages "$new" "$asterisk_wanted" "$asterisk_unwanted" "${asterisk_packages[@]}"
  mkdir -p "$new/wrappers"
  write_wrapper "$new" asterisk usr/sbin/asterisk
  write_wrapper "$new" sipp usr/bin/sipp
  link_sounds "$new/usr/share/asterisk/sounds"
  refuse_wrong_asterisk "$new"
  printf '%s' "$stamp" >"$new/.stamp"
  swap_in "$new" "$runtime/asterisk"
  publish_wrappers asterisk
  say "ready: $("$runtime/bin/asterisk" -V), $("$runtime/bin/sipp" -v | grep -o 'SIPp v[0-9.]*' | head -n 1)"
}

write_wrapper() { # write_wrapper TREE NAME PROGRAM: a script that works wherever the clone is moved to
  local library loader
  library=$(library_folder "$1")
  loader=$(cd "$1" && compgen -G "$library/ld-linux*.so.*" | head -n 1)
  [ -n "$loader" ] || fail "the unpacked libc has no dynamic loader ($library)."
  cat >"$1/wrappers/$2" <<WRAPPER
#!/bin/sh
tree=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
exec "\$tree/$loader" --library-path "\$tree/$library" "\$tree/$3" "\$@"
WRAPPER
  chmod +x "$1/wrappers/$2"
}

publish_wrappers() { # publish_wrappers COMPONENT: links in .runtime/bin, each replaced in one step
  local wrapper
  mkdir -p "$runtime/bin"
  for wrapper in "$runtime/$1"/wrappers/*; do
    ln -sfn "../$1/wrappers/${wrapper##*/}" "$runtime/bin/${wrapper##*/}.new"
    mv -T "$runtime/bin/${wrapper##*/}.new" "$runtime/bin/${wrapper##*/}"
  done
}

link_sounds() { # Debian's packages leave `sounds/ru` to update-alternatives, which needs root
  local language folder
  for language in ru en; do
    [ ! -e "$1/$language" ] || continue
    folder=$(cd "$1" && compgen -G "${language}_*" | head -n 1) || continue
    ln -s "$folder" "$1/$language"
  done
}

refuse_wrong_asterisk() {
  local version
  version=$("$1/wrappers/asterisk" -V 2>&1) || fail "the unpacked Asterisk does not start." "It said: $version"
  [[ $version =~ ^Asterisk\ 22\.([0-9]+) && ${BASH_REMATCH[1]} -ge 10 ]] ||
    fail "Debian '$asterisk_suite' holds $version; EKC needs Asterisk 22.10 or a newer 22.x." \
      "Choose a suite that has one: EKC_ASTERISK_SUITE=... make setup"
}
