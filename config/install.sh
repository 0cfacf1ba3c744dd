#!/usr/bin/env bash
# install.sh BIN PREFIX [DESTDIR]: puts the program, its user, its INI file and its systemd unit in
# place. Run again it brings a new program and unit; an INI file that is there stays as it is. With
# DESTDIR (a package being made) files are laid out, and nothing else of this machine is touched.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1 prefix=$2 destdir=${3:-}

name=$(hostname -f 2>/dev/null || echo localhost)
[[ $name == *.* ]] || name=localhost
fill() { sed -e "s|@PREFIX@|$prefix|g" -e "s|@HOSTNAME@|$name|g" "$1"; }
put() { install -D -m "$1" /dev/stdin "$destdir$2"; }

install -D -m 755 "$bin" "$destdir$prefix/bin/hearth"
put 644 "$prefix/share/hearth/hearth.ini" <config/hearth.ini
put 644 "$prefix/share/doc/hearth/README.md" <README.md
fill config/hearth.service | put 644 "$prefix/lib/systemd/system/hearth.service"

if [[ -n $destdir ]]; then
  fill config/server.ini | put 640 /etc/hearth.ini
  exit 0
fi
if ! getent passwd hearth >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/hearth --no-create-home --shell /usr/sbin/nologin hearth
  echo "made the user hearth"
fi
install -d -m 700 -o hearth -g hearth /var/lib/hearth
if [[ ! -e /etc/hearth.ini ]]; then
  fill config/server.ini | put 640 /etc/hearth.ini
  chgrp hearth /etc/hearth.ini
  echo "made /etc/hearth.ini"
fi
[[ -d /run/systemd/system ]] && systemctl daemon-reload

cat <<END

Installed. Next:
  1. look at /etc/hearth.ini: hostname, certificate, ports     hearth check
  2. start it, now and after each boot                         systemctl enable --now hearth
  3. make the first administrator                              hearth user add YOU@$name
END
