#!/bin/sh
# Run once by init: file systems, who this machine is, who may log in; then, beside the boot, the words about it.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=755 tmpfs /run
mount -o remount,rw /
about=/etc/rackwright/installation.json
from() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$about"; }

if [ ! -e /etc/rackwright/host-key ]; then
  # The image was made by an ordinary user; on the node all of it is root's.
  find / -xdev -exec chown -h 0:0 {} +
  chmod 1777 /tmp
  dropbearkey -t ed25519 -f /etc/rackwright/host-key.new >/dev/null && mv /etc/rackwright/host-key.new /etc/rackwright/host-key
fi
hostname "$(from node)"
echo "$(from revision)" >/etc/rackwright/revision
manager=/var/lib/rackwright/.ssh
mkdir -p "$manager"
chmod 700 /var/lib/rackwright "$manager"
echo "command=\"/usr/sbin/rackwright-guest\",no-port-forwarding,no-agent-forwarding,no-pty $(from managementKey)" >"$manager/authorized_keys"
chmod 600 "$manager/authorized_keys"
touch /run/sshd.log
chmod 600 /run/sshd.log

hangs_in() { grep -qs "^rackwright-hang=$1\$" /sys/class/dmi/id/board_asset_tag; }
if hangs_in init; then
  rackwright-beacon "$about" init 3
  echo "hanging in init, as the machine was told to"
  while :; do :; done
fi
if hangs_in run; then
  rackwright-beacon "$about" init 3
  while :; do :; done
fi

tell() {
  rackwright-beacon "$about" init 3
  until echo | timeout 5 nc 127.0.0.1 22 2>/dev/null | grep -q SSH; do sleep 1; done
  key="$(dropbearkey -y -f /etc/rackwright/host-key | sed -n 's/^\(ssh-ed25519 [^ ]*\).*/\1/p')"
  rackwright-beacon "$about" run 1000000 "\"address\":\"$(rackwright-address)\",\"hostKey\":\"$key\""
  tail -n +1 -f /run/sshd.log | while read -r line; do
    user="$(echo "$line" | sed -n "s/.* auth succeeded for '\([^']*\)'.*/\1/p")"
    case "$user" in '' | rackwright) ;; *) rackwright-beacon "$about" run 10 "\"login\":{\"user\":\"$user\"}" ;; esac
  done
}
tell </dev/null >/dev/null 2>&1 &
