# Sourced by init where the plan says that the disk is to become an image: it is read piece by piece, but for those in which a
# file system has nothing; zeros are left out, the rest is sent compressed (lib/contracts/boot.ts). The machine goes on only when the boot service has the whole.

# Only the disk that was meant: another one is neither read nor changed.
about() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
holds=''
for partition in $(partitions); do
  mount -t ext4 -o ro "$partition" /mnt 2>/dev/null || continue
  [ -f /mnt/etc/rackwright/installation.json ] && holds="$(about installation /mnt/etc/rackwright/installation.json)"
  umount /mnt
  [ -n "$holds" ] && break
done
wanted="$(about installation /run/plan)"
[ "$holds" = "$wanted" ] ||
  fault node other-installation "the disk holds installation ${holds:-(none)}, not $wanted"

# Blocks that no file uses any more are given back, where file system and disk allow it: they are read as zeros then.
for partition in $(partitions); do
  mount -t ext4 "$partition" /mnt 2>/dev/null || continue
  fstrim /mnt 2>/dev/null && say "unused blocks of $partition are given back"
  umount /mnt
done
sync
echo 3 >/proc/sys/vm/drop_caches

. /bin/free.sh
# What the file systems say of themselves; of one that is not ext nothing is known, and all of it is read.
layout() {
  for partition in $(partitions); do
    echo "@ $(cat "/sys/class/block/${partition#/dev/}/start")"
    dumpe2fs "$partition" 2>/dev/null
  done
}

# Sent again until it is taken. A refusal is for ever.
send() {
  until
    put "$1" "$2" >/dev/null
    [ "$status" = 204 ]
  do
    case "$status" in 4*) fault infrastructure piece-refused "the boot service answered $status to $1" ;; esac
    say "$1 was not taken: status $status"
    wait_more
  done
  wait_s=1
}

head -c "$piece_bytes" /dev/zero >/run/nothing
gzip -c </run/nothing >/run/zeros
layout | free_pieces "$piece_bytes" >/run/free
exec 7</run/free
read -r free <&7 || free=''
unread=0
mkfifo /run/hash
sha256sum </run/hash >/run/came &
hash_pid=$!
exec 8>/run/hash
at=0
sent=0
while [ "$at" -lt "$disk_bytes" ]; do
  if [ "$at" -gt 0 ] && hangs_in_build; then
    say "hanging, as the machine was told to"
    while :; do :; done
  fi
  if [ "$free" = $((at / piece_bytes)) ]; then
    cat /run/nothing >&8
    unread=$((unread + 1))
    read -r free <&7 || free=''
  else
    dd if="$disk" of=/run/piece bs="$piece_bytes" skip=$((at / piece_bytes)) count=1 2>/dev/null ||
      fault node disk-read-failed "the disk gave no more bytes at $at"
    cat /run/piece >&8
    gzip -c </run/piece >/run/packed
    if ! cmp -s /run/packed /run/zeros; then
      send "/capture/$at" /run/packed
      sent=$((sent + 1))
    fi
  fi
  at=$((at + piece_bytes))
  [ "$at" -gt "$disk_bytes" ] && at="$disk_bytes"
  say "read $at of $disk_bytes"
  beacon "\"progress\":{\"doneBytes\":$at,\"totalBytes\":$disk_bytes}"
done
rm -f /run/piece /run/packed /run/nothing
exec 8>&-
wait "$hash_pid"
sum="$(cut -d ' ' -f 1 </run/came)"
say "read all but $unread pieces without a used block, sent $sent, checksum $sum"

# Before the last word: whatever happens now, the system has a token of its own that the boot service knows.
place_plan
sync
while :; do
  post /capture/whole "{\"sha256\":\"$sum\",\"sizeBytes\":$disk_bytes}" >/dev/null
  case "$status" in
    204) break ;;
    202) sleep 1 ;;
    4*) stop_here "the boot service does not keep it: status $status" ;;
    *) wait_more ;;
  esac
done
say "captured, restarting into $placed"
reboot -f
