#!/bin/sh
# Where others reach this machine: behind a forwarded port it is told so by its SMBIOS table, else it is its own address.
export PATH=/bin
told="$(sed -n 's/^rackwright-reach=//p' /sys/class/dmi/id/chassis_asset_tag 2>/dev/null)"
[ -n "$told" ] && echo "$told" && exit 0
ip -4 -o addr show scope global | sed -n 's/.* inet \([0-9.]*\).*/\1/p' | head -n 1
