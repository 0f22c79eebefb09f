# Sourced by init where the plan wants it: the last partition reaches to the end of the disk, and an ext4 file system with it.
# After the proof of what was written, for it changes what is there.

# The one that begins last, whatever its number.
last_partition() {
  last_start=-1
  for entry in "/sys/class/block/${disk#/dev/}/${disk#/dev/}"*; do
    read -r number <"$entry/partition" || continue
    read -r start <"$entry/start"
    [ "$start" -gt "$last_start" ] || continue
    last_start="$start"
    last_number="$number"
    last="/dev/${entry##*/}"
  done
}

grow_last_partition() {
  blockdev --rereadpt "$disk" 2>/dev/null
  last=''
  last_partition
  [ -n "$last" ] || fault configuration image-without-partition "the image has no partition that could grow"
  # A GPT has a copy of itself at the end of the disk, which was the end of the image until now. Other tables have none.
  sfdisk -q --relocate gpt-bak-std "$disk" 2>/run/sfdisk
  echo ', +' | sfdisk -q --no-reread --no-tell-kernel -N "$last_number" "$disk" 2>>/run/sfdisk ||
    fault configuration partition-not-grown "sfdisk does not grow $last: $(tr -c 'a-zA-Z0-9 .:\n' ' ' </run/sfdisk | tail -n 1)"
  blockdev --rereadpt "$disk" 2>/dev/null
  if mount -t ext4 "$last" /mnt 2>/dev/null; then
    resize2fs "$last" >/run/resize2fs 2>&1 ||
      fault configuration file-system-not-grown "resize2fs does not grow $last: $(tr -c 'a-zA-Z0-9 .:\n' ' ' </run/resize2fs | tail -n 1)"
    umount /mnt
  else
    say "$last has no ext4 file system: what is in it stays as large as it was"
  fi
  say "$last has grown to $(($(cat "/sys/class/block/${last#/dev/}/size") * 512)) bytes"
}
