#!/bin/sh
# The first program on the disk's own kernel: network, the word that the kernel runs, then the root file system.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module"; done
until mount -t ext4 /dev/vda2 /mnt; do sleep 1; done
interface="$(ls /sys/class/net | grep -v '^lo$' | head -n 1)"
ifconfig lo up
ifconfig "$interface" up
udhcpc -q -n -t 5 -T 1 -i "$interface" -s /udhcpc.sh >/dev/null 2>&1
# The boot does not depend on anybody who listens.
/mnt/usr/sbin/rackwright-beacon /mnt/etc/rackwright/installation.json kernel 3
if grep -qs '^rackwright-hang=kernel$' /sys/class/dmi/id/board_asset_tag; then
  echo "hanging in kernel, as the machine was told to"
  while :; do :; done
fi
umount /sys
umount /proc
exec switch_root /mnt /sbin/init
