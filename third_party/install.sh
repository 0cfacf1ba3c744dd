#!/usr/bin/env bash
# install.sh run|test|bench MODULE…: installs the Debian packages (packages.debian) and the npm
# packages (package-lock.json) that are missing, says what it does, and does nothing twice.
set -euo pipefail
cd "$(dirname "$0")/.."

what=$1
shift
modules=" $* "
groups="build"
[[ $modules == *" video "* ]] && groups+=" video"
[[ $what == test || $what == bench ]] && groups+=" test"
[[ $what == bench ]] && groups+=" bench"
command -v node >/dev/null && command -v npm >/dev/null || groups+=" node"

packages() {
  awk -v groups=" $groups " '
    /^\[/ { group = substr($0, 2, length($0) - 2); next }
    /^[a-z0-9]/ && index(groups, " " group " ") { print $1 }' third_party/packages.debian
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | awk '$2 == "installed" {print $1}')
missing=$(comm -23 <(packages | sort -u) <(sort -u <<<"$installed") | tr '\n' ' ')
if [[ -n ${missing// /} ]]; then
  echo "installing Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  # Servers that come with a package (unbound, postfix, nginx) are peers for tests and measuring: they
  # are not started.
  policy=/usr/sbin/policy-rc.d
  made_policy=
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod +x $policy
    made_policy=yes
  fi
  as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
  [[ -n $made_policy ]] && as_root rm -f $policy
fi

[[ $what == run ]] || third_party/unpack.sh build/peers || echo "other mail servers could not be had: their tests are skipped" >&2

omit=
stamp=node_modules/.hearth-run
if [[ $what != run ]]; then
  stamp=node_modules/.hearth-test
else
  omit=--omit=dev
fi
sum=$(sha256sum package-lock.json | cut -d' ' -f1)
done_before() { [[ -e $1 && $(cat "$1") == "$sum" ]]; }
if ! done_before node_modules/.hearth-test && ! done_before "$stamp"; then
  echo "installing npm packages of package-lock.json ${omit}"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error $omit
  echo "$sum" >"$stamp"
fi
