#!/bin/sh
# What stands behind a BMC of the rack: ipmi_sim calls it for every chassis command, and waits for it. Each machine has a
# folder with a copy of this program and its `settings`. Done twice, each command has the effect of once.
cd "$(dirname "$0")" || exit 1
. ./settings

# A recycled process id is not our machine, and one that nobody has reaped is dead.
alive() {
  pid="$(cat pid 2>/dev/null)"
  [ -n "$pid" ] || return 1
  case "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)" in '' | Z* | X*) return 1 ;; esac
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$PWD/pid"
}

note() { echo "$(date +%s%3N) $*" >>effects; }

stop() {
  alive || return 0
  kill -KILL "$pid"
  while alive; do sleep 0.02; done
  rm -f pid
}

# Holds for one start, as IPMI has it: the restart after it goes to the disk.
start() {
  alive && return 0
  order='order=c'
  [ "$(cat boot)" = pxe ] && order='once=n,order=c'
  echo none >boot
  # Without the ROM of its network card: with it firmware would try the network after a disk that does not boot.
  rom=''
  if [ -e forgets ]; then
    order='order=c'
    rom=',romfile='
    rm -f forgets
  fi
  hang="$(cat hang 2>/dev/null)"
  [ -n "$hang" ] && touch hanging
  frozen=''
  [ "$hang" = firmware ] && frozen='-S'
  # In a network of its own it is told by DHCP what to boot, and reached at its own address.
  net="user,id=n0,bootfile=$bootfile,hostfwd=tcp:127.0.0.1:$ssh_port-:22"
  reach="rackwright-reach=127.0.0.1:$ssh_port"
  within=''
  if [ -n "$tap" ]; then
    net="tap,id=n0,ifname=$tap,script=no,downscript=no"
    reach=''
    within="ip netns exec $namespace"
  fi
  # A machine that has a neighbour shares a hub with it.
  plug=n0
  cable=''
  if [ -n "$cable_port" ]; then
    plug=h2
    cable="-netdev socket,id=c0,udp=127.0.0.1:9,localaddr=127.0.0.1:$cable_port -netdev hubport,id=h0,hubid=0,netdev=n0"
    cable="$cable -netdev hubport,id=h1,hubid=0,netdev=c0 -netdev hubport,id=h2,hubid=0"
  fi
  # What we have from ipmi_sim (its sockets) is not the machine's.
  $within qemu-system-x86_64 -name "$name" -M pc,usb=off,vmport=off,smm=off -nodefaults -display none $frozen \
    -accel tcg,thread=multi,tb-size=64 -cpu qemu64 -m 128 -boot "$order" \
    -netdev "$net" $cable -device "virtio-net-pci,netdev=$plug,mac=$mac$rom" \
    -device virtio-rng-pci -drive "if=virtio,file=disk.img,format=raw,cache=unsafe,discard=unmap" -chardev file,id=console,path=console.log,append=on -serial chardev:console \
    -smbios "$smbios" -smbios "type=2,asset=rackwright-hang=$hang" -smbios "type=3,asset=$reach" \
    -pidfile "$PWD/pid" -daemonize </dev/null >>qemu.log 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# Off is what cures a machine that was started to hang.
cure() {
  [ -e hanging ] || return 0
  rm -f hang hanging
}

power_now() { if alive; then echo 1; else echo 0; fi; }

case "$1 $2" in
  'get power') echo "power:$(power_now)" ;;
  'get boot') echo "boot:$(cat boot)" ;;
  'set power')
    [ "$3" = "$(power_now)" ] && exit 0
    note "power $3"
    if [ "$3" = 1 ]; then start; else stop && cure; fi
    ;;
  'set reset')
    alive || exit 0
    note reset
    stop
    start
    ;;
  'set shutdown')
    note shutdown
    stop
    cure
    ;;
  'set boot')
    note "boot $3"
    echo "$3" >boot
    ;;
  'set identify') note "identify $3" ;;
esac
