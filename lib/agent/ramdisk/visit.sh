# What our ramdisk does where it leaves the disk as it is: a shell for an operator, or tests of the machine. To be sourced,
# with `say`, `beacon` and `argument` at hand.

# For as long as nobody switches the machine off: whoever leaves the shell gets another one.
rescue() {
  console=/dev/ttyS0
  [ -c "$console" ] || console=/dev/console
  say "rescue: a shell on this console; nothing was written to the disk"
  while :; do
    setsid sh -i <"$console" >"$console" 2>&1
    sleep 1
  done
}

first_disk() {
  for name in vda sda nvme0n1; do
    if [ -b "/dev/$name" ]; then echo "/dev/$name"; return; fi
  done
}

uptime_s() { cut -d . -f 1 </proc/uptime; }

# The same work must give the same result, again and again, on every processor at once.
test_processors() {
  wanted="$(head -c 4194304 /dev/zero | sha256sum)"
  rm -f /run/wrong
  workers=''
  for _ in $(grep ^processor /proc/cpuinfo); do
    (
      while [ "$(uptime_s)" -lt "$1" ]; do
        [ "$(head -c 4194304 /dev/zero | sha256sum)" = "$wanted" ] || { echo processor >/run/wrong; break; }
      done
    ) &
    workers="$workers $!"
  done
  # Whoever listens for neighbours never ends.
  wait $workers
  [ ! -e /run/wrong ]
}

# Half of the memory that is free is filled with a pattern, and read back.
test_memory() {
  pieces=$(($(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo) / 2048))
  head -c 1048576 /dev/urandom >/run/pattern
  repeat() {
    at=0
    while [ "$at" -lt "$pieces" ]; do
      cat /run/pattern
      at=$((at + 1))
    done
  }
  wanted="$(repeat | sha256sum)"
  repeat >/run/filled
  found="$(sha256sum </run/filled)"
  rm /run/filled
  [ "$found" = "$wanted" ]
}

test_disk() {
  disk="$(first_disk)"
  [ -n "$disk" ] && dd if="$disk" of=/dev/null bs=1048576 2>/run/disk-said
}

# Each test once, and again until the time is over; the first that fails ends it.
test_machine() {
  end=$(($(uptime_s) + $(argument seconds)))
  rounds=0
  while :; do
    for part in memory disk; do
      say "test: $part, round $((rounds + 1))"
      "test_$part" || tested failed "$part: what was read back is not what it should be"
    done
    until_s=$(($(uptime_s) + 30))
    [ "$until_s" -gt "$end" ] && until_s="$end"
    say "test: processors, round $((rounds + 1))"
    test_processors "$until_s" || tested failed 'processors: the same work gave another result'
    rounds=$((rounds + 1))
    [ "$(uptime_s)" -ge "$end" ] && tested passed "memory, disk, processors: well in $rounds rounds"
  done
}

tested() {
  say "test: $1: $2"
  beacon "\"tested\":{\"result\":\"$1\",\"findings\":[\"$2\"]}"
  stop_here "the tests are over"
}
