#!/usr/bin/env bash
# host.sh DIR IP [PACKAGE_DIR]: a host of its own in the network of its parent: started by `unshare -nm`, it
# waits for the link "eth0" that the parent gives it, then stays there until its standard input ends, and with
# it all that runs in it. With PACKAGE_DIR (third_party/unpack.sh) DIR/root is a machine's whole tree: this one's, with
# the package over it, and an /etc and /var of its own.
set -eu
dir=$1 ip=$2 package=${3:-}
if [[ -n $package ]]; then
  mkdir -p "$dir"
  mount -t tmpfs tmpfs "$dir"
  cd "$dir"
  mkdir -p root/{usr,etc,proc,dev,tmp,home,run,root} root/var/{tmp,run,spool,mail,lib,log} {up,work}/{usr,etc}
  chmod 1777 root/tmp root/var/tmp
  for link in bin sbin lib lib64; do ln -s usr/$link root/$link; done
  [[ -d $package/var ]] && cp -a "$package/var/." root/var/
  mkdir -p "$package/etc"
  for tree in usr etc; do
    mount -t overlay overlay -o "lowerdir=$package/$tree:/$tree,upperdir=up/$tree,workdir=work/$tree" root/$tree
  done
  mount --rbind /dev root/dev
  mount --rbind /proc root/proc
fi
ip link set lo up
echo ready
read -r _ # the parent has moved eth0 here
ip address add "$ip/24" dev eth0
ip link set eth0 up
echo up
while read -r _; do :; done
