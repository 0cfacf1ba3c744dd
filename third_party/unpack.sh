#!/usr/bin/env bash
# unpack.sh DIR: other mail servers of Debian, unpacked below DIR as DIR/NAME (three packages of which a
# machine can have only one installed; the libraries they need are in packages.debian). Does nothing
# twice, and prints nothing where all is there.
set -eu
dir=$1
mkdir -p "$dir"
cd "$dir"
for name in postfix exim4-daemon-light opensmtpd; do
  [[ -e $name/usr ]] && continue
  rm -rf "$name.new" "$name"_*.deb
  # `apt-get update` only where the list is too old for it, or there is none.
  apt-get download -qq "$name" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$name"; } 2>/dev/null
  dpkg -x "$name"_*.deb "$name.new"
  # /lib is a link to /usr/lib on Debian 12; the packages have both.
  [[ -d $name.new/lib ]] && cp -a "$name.new/lib/." "$name.new/usr/lib/" && rm -r "$name.new/lib"
  rm -f "$name"_*.deb
  mv "$name.new" "$name"
done
