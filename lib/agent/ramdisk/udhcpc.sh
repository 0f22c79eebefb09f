#!/bin/sh
# Called by udhcpc with what the DHCP server said.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ifconfig "$interface" "$ip" netmask "${subnet:-255.255.255.0}" up
for gateway in $router; do
  route add default gw "$gateway" dev "$interface" 2>/dev/null && break
done
exit 0
