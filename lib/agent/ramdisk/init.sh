#!/bin/sh
# Our ramdisk: writes one image to one disk, proves what is on it, says so, and restarts the machine. Where the plan says so
# it reads the disk instead (reader.sh). It knows the address
# of its boot service and its one-time token, by the kernel's command line, and nothing else (lib/contracts/boot.ts).
export PATH=/bin
piece_bytes=2097152

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
[ -c /dev/ttyS0 ] && exec </dev/null >/dev/ttyS0 2>&1
say() { echo "ramdisk: $(cut -d ' ' -f 1 /proc/uptime) $*"; }

for module in $(cat /modules/order); do insmod "/modules/$module" || say "$module was not loaded"; done

argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^rackwright\.$1=//p"; }
url="$(argument url)"
token="$(argument token)"
place="${url#http://}"
. /bin/http.sh
. /bin/facts.sh
mode="$(argument mode)"

# Patience: a boot service that is away comes back. Each wait is twice the last, up to some seconds.
wait_s=1
wait_more() {
  sleep "$wait_s"
  wait_s=$((wait_s * 2))
  [ "$wait_s" -gt 8 ] && wait_s=8
  new_pipes
}

# The interface that the firmware has booted from; a kernel's first is not always that one.
mac="$(argument mac)"
interface=''
ifconfig lo up
for name in $(interfaces); do
  ifconfig "$name" up
  read -r address <"/sys/class/net/$name/address"
  [ -n "$interface" ] && [ "$address" != "$mac" ] || interface="$name"
done
# A cable that was just plugged in takes a moment, and a switch says once in half a minute who it is.
listen_s=35
most_s=$(($(cut -d . -f 1 /proc/uptime) + listen_s + 10))
perl /bin/neighbours.pl /run/neighbours "$listen_s" $(interfaces) &
# A machine that is only to tell what it is belongs to somebody: it is never kept from its own disk.
give_up() {
  [ "$mode" = discovery ] && [ "$tries" -ge 40 ] || return 0
  say "given up: the machine boots its disk"
  reboot -f
}
tries=0
until udhcpc -q -n -t 5 -T 1 -i "$interface" -s /udhcpc.sh >/dev/null 2>&1; do
  say "no address yet"
  tries=$((tries + 1))
  give_up
done

# It is asked once, so that it listens first; a load is not kept waiting.
if [ "$mode" = discovery ]; then
  until [ -e /run/neighbours ] || [ "$(cut -d . -f 1 /proc/uptime)" -gt "$most_s" ]; do sleep 1; done
fi
facts="$(machine "$interface")"
if [ "$mode" = discovery ]; then
  say "telling what this machine is: $facts"
  tries=0
  while :; do
    post /machine "$facts" >/dev/null
    case "$status" in
      2* | 4*) break ;;
    esac
    tries=$((tries + 1))
    give_up
    wait_more
  done
  say "told: status $status; restarting"
  reboot -f
fi

# 204 is taken; a refusal (4xx) is for ever: the token is void, and this boot is nobody's.
beacon() {
  body="{\"phase\":\"build\"${1:+,$1}}"
  while :; do
    post /beacon "$body" >/dev/null
    case "$status" in
      2*) wait_s=1; return 0 ;;
      4*) say "refused: $body"; stop_here ;;
    esac
    say "the beacon was not taken: status $status"
    wait_more
  done
}

# Nothing more to do: whoever watches sees a node that says nothing, or the fault that it has told.
stop_here() {
  say "stopped: $*"
  while :; do sleep 3600; done
}

fault() {
  beacon "\"fault\":{\"class\":\"$1\",\"code\":\"$2\",\"message\":\"$3\"}"
  stop_here "$3"
}

# Worth telling, and nothing to wait for: the load goes on whatever comes of it.
tell_facts() {
  post /machine "$1" >/dev/null
  [ "$status" = 204 ] || say "the facts were not taken: status $status"
  case "$status" in 0) new_pipes ;; esac
}
# Whoever was heard meanwhile is told of later.
tell_neighbours() {
  now="$(machine "$interface")"
  [ "$now" = "$facts" ] || tell_facts "$now"
}

beacon ''
tell_facts "$facts"
. /bin/visit.sh
case "$(argument visit)" in
  rescue) rescue ;;
  test) test_machine ;;
esac
while :; do
  get /boot/plan >/run/plan
  case "$status" in
    200) break ;;
    4*) stop_here "the plan was refused" ;;
  esac
  wait_more
done
wait_s=1
from_plan() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" /run/plan; }

# Facts for whoever reads the console; the disk is the first that is no ramdisk.
disk=''
for name in vda sda nvme0n1; do
  if [ -b "/dev/$name" ]; then disk="/dev/$name"; break; fi
done
[ -n "$disk" ] || fault node no-disk "the ramdisk finds no disk"
disk_bytes=$(($(cat "/sys/class/block/${disk#/dev/}/size") * 512))
say "memory $(sed -n 's/^MemTotal: *//p' /proc/meminfo), disk $disk of $disk_bytes bytes, $(grep -c ^processor /proc/cpuinfo) processors"

# A machine that is made to hang for tests carries the word in its own SMBIOS table; a real one never does.
tag=''
read -r tag 2>/dev/null </sys/class/dmi/id/board_asset_tag
hangs_in_build() { [ "$tag" = rackwright-hang=build ]; }

partitions() {
  for partition in "$disk"[0-9]* "$disk"p[0-9]*; do
    [ -b "$partition" ] && echo "$partition"
  done
}

# What the installed system has to know goes to the partition that has a place for it.
place_plan() {
  placed=''
  blockdev --rereadpt "$disk" 2>/dev/null
  for partition in $(partitions); do
    mount -t ext4 "$partition" /mnt 2>/dev/null || continue
    if [ -d /mnt/etc/rackwright ]; then
      cat /run/plan >/mnt/etc/rackwright/installation.json && placed="$partition"
    fi
    umount /mnt
    [ -n "$placed" ] && break
  done
  [ -n "$placed" ] ||
    fault configuration image-without-place "no ext4 partition of the image has a folder /etc/rackwright (docs/images.md)"
}

[ "$(from_plan schema)" = rackwright.capture-plan/1 ] && . /bin/reader.sh

path="$(from_plan path)"
sha256="$(from_plan sha256)"
size="$(from_plan sizeBytes)"
[ "$disk_bytes" -ge "$size" ] || fault node disk-too-small "the disk has $disk_bytes bytes, the image has $size"

# Zeros from the first byte to the last. Each piece is a sign of life; how far it is says nothing about the image.
wipe_disk() {
  wiped=0
  while [ "$wiped" -lt "$disk_bytes" ]; do
    left=$(((disk_bytes - wiped) / 1048576))
    [ "$left" -gt 64 ] && left=64
    if [ "$left" -gt 0 ]; then
      dd if=/dev/zero of="$disk" bs=1048576 seek=$((wiped / 1048576)) count="$left" conv=notrunc,fsync 2>/dev/null
    else
      left=1
      dd if=/dev/zero of="$disk" bs=512 seek=$((wiped / 512)) count=$(((disk_bytes - wiped) / 512)) conv=notrunc,fsync 2>/dev/null
    fi || fault node disk-write-failed "the disk took no zeros at $wiped"
    wiped=$((wiped + left * 1048576))
    beacon ''
  done
  say "wiped $disk_bytes bytes"
}
[ "$(from_plan wipe)" = whole-disk ] && wipe_disk

mkfifo /run/hash
sha256sum </run/hash >/run/came &
hash_pid=$!
exec 8>/run/hash
at=0
while [ "$at" -lt "$size" ]; do
  if [ "$at" -gt 0 ] && hangs_in_build; then
    say "hanging, as the machine was told to"
    while :; do :; done
  fi
  end=$((at + piece_bytes))
  [ "$end" -gt "$size" ] && end="$size"
  # Asked for again until it is whole: only whole pieces reach the disk and the checksum.
  get "$path" "$at-$((end - 1))" >/run/piece
  came_bytes="$(wc -c </run/piece)"
  if [ "$status" != 206 ] || [ "$came_bytes" -ne $((end - at)) ]; then
    case "$status" in 4*) fault infrastructure image-refused "the boot service answered $status to bytes $at-$end of the image" ;; esac
    say "bytes $at-$end did not come: status $status, $came_bytes bytes"
    wait_more
    continue
  fi
  wait_s=1
  dd if=/run/piece of="$disk" bs=1048576 seek=$((at / 1048576)) conv=notrunc 2>/dev/null ||
    fault node disk-write-failed "the disk took no more bytes at $at"
  cat /run/piece >&8
  at="$end"
  say "written $at of $size"
  beacon "\"progress\":{\"doneBytes\":$at,\"totalBytes\":$size}"
done
rm /run/piece
exec 8>&-
wait "$hash_pid"
sync
came="$(cut -d ' ' -f 1 </run/came)"
[ "$came" = "$sha256" ] ||
  fault configuration image-damaged "the bytes that came have checksum $came, the image is $sha256: the copy on the lab controller is damaged, remove it there"

tell_neighbours

# What the disk itself gives back, not what is still in memory.
echo 3 >/proc/sys/vm/drop_caches
back="$(head -c "$size" "$disk" | sha256sum | cut -d ' ' -f 1)"
[ "$back" = "$sha256" ] ||
  fault node image-checksum-mismatch "the disk gives back checksum $back, the image is $sha256"
say "verified $back"

if [ "$(from_plan grow)" = last-partition ]; then
  . /bin/grow.sh
  grow_last_partition
fi
place_plan
sync
beacon "\"verified\":{\"sha256\":\"$back\"}"
say "restarting into $placed"
reboot -f
