#!/usr/bin/env bash
# serve.sh DIR PORT [ADDRESS]: a name server (Debian's unbound) with zones of the tests' own, in the foreground:
#   test.    signed (DNSSEC), with records of every type the program asks for; its DS is in DIR/anchor
#   forged.  signed, and some records changed behind that (mx2's A, TLSA that end in ffff): these answers are
#            bogus; its DS, too, is there
#   plain.   not signed; DIR/anchor-plain says that it is, as behind a resolver without DNSSEC
#   dead.    whose server is not there
#   silent.  whose server, at the port in the file DIR/silent-port, hears and says nothing (with that file)
# The file DIR/ready says that the zones are made. What is in DIR/zone-add goes into test., in DIR/ZONE-add
# into another.
set -eu
dir=$1 port=$2 address=${3:-127.0.0.1}
cd "$dir"
export PATH=$PATH:/usr/sbin

records() { # zone
  cat <<END
\$ORIGIN $1.
\$TTL 300
@      SOA   ns admin 1 3600 600 86400 60
@      NS    ns
ns     A     127.0.0.1
@      MX    10 mx1
@      MX    20 mx2
@      TXT   "v=spf1 mx " "-all"
mx1    A     127.0.0.1
mx1    AAAA  ::1
mx2    A     127.0.0.2
alias  CNAME mx1
lost   CNAME nowhere
null   MX    0 .
_25._tcp.mx1 TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
END
}
for zone in test forged plain; do records $zone >$zone.zone; done
if [[ -f zone-add ]]; then cat zone-add >>test.zone; fi
for zone in forged plain; do if [[ -f $zone-add ]]; then cat $zone-add >>$zone.zone; fi; done

sign() { # zone: signed beside it, its DS into anchor
  local key
  key=$(ldns-keygen -a ECDSAP256SHA256 -k "$1.")
  ldns-signzone -n "$1.zone" "$key"
  cat "$key.ds" >>anchor
}
sign test
sign forged
sed -i 's/^\(mx2.*A[[:space:]]*\)127.0.0.2$/\1127.0.0.3/; s/^\(.*TLSA.*\)ffff$/\1fffe/I' forged.zone.signed
echo 'plain. IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' >anchor-plain

zone() { printf 'auth-zone:\n  name: "%s."\n  zonefile: "%s"\n  for-downstream: yes\n  for-upstream: no\n' "$1" "$2"; }
{
  cat <<END
server:
  directory: "$dir"
  chroot: ""
  username: ""
  pidfile: ""
  interface: $address
  access-control: 0.0.0.0/0 allow
  port: $port
  do-daemonize: no
  use-syslog: no
  logfile: "$dir/log"
  module-config: "iterator"
  num-threads: 1
  num-queries-per-thread: 4096
  do-not-query-localhost: no
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "dead."
  forward-addr: 127.0.0.1@1
END
  [[ -f silent-port ]] && cat <<END
forward-zone:
  name: "silent."
  forward-addr: 127.0.0.1@$(<silent-port)
END
  zone test test.zone.signed
  zone forged forged.zone.signed
  zone plain plain.zone
} >conf
touch ready
exec unbound -d -c conf
