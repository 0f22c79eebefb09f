# What this machine is made of, as JSON (lib/contracts/hardware.ts). To be sourced. Programs are expensive to start on an
# emulated processor: the shell reads by itself.

# The first line of a file as a JSON string, without anything that would have to be escaped; nothing if it says nothing.
word() {
  text=''
  read -r text 2>/dev/null <"$1"
  text="${text//[!a-zA-Z0-9 ._:\/+()@#-]/}"
  text="${text:0:120}"
  [ -n "$text" ] && printf '"%s"' "$text"
}

# NAME FILE: a field of an object, with a comma before it unless it is the first.
field() {
  value="$(word "$2")"
  [ -n "$value" ] || return 0
  printf '%s"%s":%s' "$comma" "$1" "$value"
  comma=','
}

number() {
  figure=''
  read -r figure 2>/dev/null <"$1"
  case "$figure" in '' | *[!0-9]*) figure="$2" ;; esac
}

disks() {
  separator=''
  for block in /sys/block/*; do
    name="${block##*/}"
    case "$name" in loop* | ram* | sr* | fd* | dm-* | zram* | md*) continue ;; esac
    number "$block/size" 0
    [ "$figure" -gt 0 ] || continue
    serial="$(word "$block/serial")"
    [ -n "$serial" ] || serial="$(word "$block/device/serial")"
    printf '%s{"name":"%s","sizeBytes":%s%s}' "$separator" "$name" "$((figure * 512))" "${serial:+,\"serial\":$serial}"
    separator=','
  done
}

nics() {
  separator=''
  for net in /sys/class/net/*; do
    name="${net##*/}"
    # What is no piece of hardware has no device.
    [ -e "$net/device" ] || continue
    address=''
    read -r address <"$net/address"
    number "$net/carrier" 0
    [ "$figure" = 1 ] && link=up || link=down
    number "$net/speed" ''
    printf '%s{"mac":"%s","name":"%s","link":"%s"%s}' "$separator" "$address" "$name" "$link" "${figure:+,\"speedMbps\":$figure}"
    separator=','
  done
}

# Those that are pieces of hardware.
interfaces() {
  for net in /sys/class/net/*; do
    [ -e "$net/device" ] && echo "${net##*/}"
  done
}

# What /bin/neighbours.pl has heard by now, if it has heard anything.
neighbours() {
  found=''
  read -r found 2>/dev/null </run/neighbours
  [ -n "$found" ] && printf ',"lldp":[%s]' "$found"
}

system() {
  comma=''
  field manufacturer /sys/class/dmi/id/sys_vendor
  field product /sys/class/dmi/id/product_name
  field uuid /sys/class/dmi/id/product_uuid
  field serial /sys/class/dmi/id/product_serial
  field assetTag /sys/class/dmi/id/chassis_asset_tag
}

# INTERFACE: what is told of the machine that has booted from it.
machine() {
  cpus=0
  while read -r name _; do [ "$name" = processor ] && cpus=$((cpus + 1)); done </proc/cpuinfo
  read -r _ memory_kib _ </proc/meminfo
  vendor="$(word /sys/class/dmi/id/bios_vendor)"
  version="$(word /sys/class/dmi/id/bios_version)"
  firmware=''
  [ -n "$vendor" ] && [ -n "$version" ] && firmware=",\"firmware\":{\"vendor\":$vendor,\"version\":$version}"
  printf '{"mac":"%s","hardware":{"cpus":%s,"memoryMiB":%s,"disks":[%s],"nics":[%s]%s,"system":{%s}%s}}' \
    "$(cat "/sys/class/net/$1/address")" "$cpus" "$((memory_kib / 1024))" "$(disks)" "$(nics)" "$firmware" "$(system)" "$(neighbours)"
}
