#!/bin/sh
# rackwright-beacon INSTALLATION PHASE TRIES [MORE]: says to the lab's boot service where this system has got to.
export PATH=/bin
from() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
url="$(from beaconUrl "$1")"
# The plan's only token is the installed system's.
token="$(from token "$1")"
boot="$(cat /proc/sys/kernel/random/boot_id)"
wait_s=1
for _ in $(seq "$3"); do
  timeout 20 wget -q -O /dev/null --header "Authorization: Bearer $token" --header "Content-Type: application/json" \
    --post-data "{\"phase\":\"$2\",\"osBoot\":\"$boot\"${4:+,$4}}" "$url" && exit 0
  sleep "$wait_s"
  [ "$wait_s" -lt 8 ] && wait_s=$((wait_s * 2))
done
exit 1
