#!/bin/sh
# rackwright-beacon INSTALLATION PHASE TRIES [MORE]: says to the lab's boot service where this system has got to.
export PATH=/bin
from() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }
url="$(from beaconUrl "$1")"
# The plan's only token is the installed system's.
token="$(from token "$1")"
place="${url#http://}"
path="/${place#*/}"
place="${place%%/*}"
. /bin/http.sh
boot="$(cat /proc/sys/kernel/random/boot_id)"
wait_s=1
for _ in $(seq "$3"); do
  post "$path" "{\"phase\":\"$2\",\"osBoot\":\"$boot\"${4:+,$4}}" >/dev/null
  rm -f "/run/request.$$" "/run/reply.$$"
  case "$status" in 2*) exit 0 ;; esac
  sleep "$wait_s"
  [ "$wait_s" -lt 8 ] && wait_s=$((wait_s * 2))
  new_pipes
done
exit 1
