# HTTP for busybox, by its nc: `exchange REQUEST [FILE]` leaves the answer's code in `status` (0: there was none) and puts its body
# on standard output. To be sourced, after `place` was set to host:port, and `token`.
host="${place%:*}"
port="${place##*:}"
return="$(printf '\r')"
newline="$return
"
# An answer that takes longer is given up, and asked for again.
answer_s=25

# What a failed exchange has left in the pipe must not be sent with the next: whoever tries again calls this first.
new_pipes() {
  rm -f "/run/request.$$" "/run/reply.$$"
  mkfifo "/run/request.$$" "/run/reply.$$"
  # Held open, for a request that is half closed is an abandoned one.
  exec 9<>"/run/request.$$"
}
new_pipes

# Programs are expensive to start on an emulated processor: the shell does by itself what it can. The answer is read by its
# length, since the end of a connection does not always come through QEMU's network.
exchange() {
  status=0
  length=''
  printf '%s' "$1" >&9
  # More than the pipe holds: it is filled while it is emptied.
  feed_pid=''
  if [ -n "$2" ]; then
    cat "$2" >&9 &
    feed_pid=$!
  fi
  timeout "$answer_s" nc "$host" "$port" <&9 >"/run/reply.$$" &
  nc_pid=$!
  {
    read -r _ status _
    while read -r name value; do
      case "$name" in
        '' | "$return") break ;;
        [Cc]ontent-[Ll]ength:) length="${value%"$return"}" ;;
      esac
    done
    [ "$status" = 204 ] && length=0
    case "$length" in
      '') cat ;;
      0) ;;
      *) head -c "$length" ;;
    esac
  } <"/run/reply.$$"
  kill "$nc_pid" $feed_pid 2>/dev/null
  wait "$nc_pid" $feed_pid 2>/dev/null
  [ -n "$status" ] || status=0
}

get() { exchange "GET $1 HTTP/1.0${newline}Host: $place${newline}Authorization: Bearer $token$newline${2:+Range: bytes=$2$newline}$newline"; }
put() { exchange "PUT $1 HTTP/1.0${newline}Host: $place${newline}Authorization: Bearer $token${newline}Content-Length: $(wc -c <"$2")$newline$newline" "$2"; }
post() { exchange "POST $1 HTTP/1.0${newline}Host: $place${newline}Authorization: Bearer $token${newline}Content-Length: ${#2}$newline$newline$2"; }
