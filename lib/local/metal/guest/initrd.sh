#!/bin/sh
# The first program on the disk's own kernel: network, the word that the kernel runs, then the root file system.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module"; done
until mount -t ext4 /dev/vda2 /mnt; do sleep 1; done
# A virtual machine is told who it is by its SMBIOS strings; on any other, the ramdisk has left it on the disk.
said="$(tr '\000' '\n' </sys/firmware/dmi/tables/DMI 2>/dev/null | sed -n 's/^rackwright[.]//p')"
told() { echo "$said" | sed -n "s/^$1=//p"; }
if [ -n "$(told token)" ]; then
  printf '{"node":"%s","revision":"%s","beaconUrl":"%s","token":"%s","managementKey":"%s"}\n' \
    "$(told node)" "$(told revision)" "$(told beacon)" "$(told token)" "$(told key)" >/mnt/etc/rackwright/installation.json
fi
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
