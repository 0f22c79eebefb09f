#!/bin/sh
# rackwright-guest TASK: what the lab's agent may do here (lib/contracts/boot.ts). JSON in, one line of JSON out.
export PATH=/bin
task="${SSH_ORIGINAL_COMMAND#rackwright-guest }"
users=/etc/rackwright/users
touch "$users"
refuse() {
  echo "$*" >&2
  exit "${code:-1}"
}

end_sessions() {
  sed -n "s/^\[\([0-9]*\)\].* auth succeeded for '$1'.*/\1/p" /run/sshd.log | while read -r pid; do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dropbear ] && kill -9 "$pid"
  done
  uid="$(id -u "$1" 2>/dev/null)" || return 0
  for process in /proc/[0-9]*; do
    [ "$(sed -n 's/^Uid:[ \t]*\([0-9]*\).*/\1/p' "$process/status" 2>/dev/null)" = "$uid" ] && kill -9 "${process#/proc/}"
  done
}

# Its number is the highest so far and one; the home folder follows with the key.
add() {
  uid="$(cut -d : -f 3 /etc/passwd | sort -n | tail -n 1)"
  uid=$((uid < 1000 ? 1000 : uid + 1))
  echo "$1:x:$uid:$uid::/home/$1:/bin/sh" >>/etc/passwd
  echo "$1:x:$uid:" >>/etc/group
  echo "$1:*:19000::::::" >>/etc/shadow
}

revoke() {
  grep -qxF -e "$1" "$users" || return 0
  rm -rf "/home/$1/.ssh"
  end_sessions "$1"
  for file in /etc/passwd /etc/group /etc/shadow; do
    grep -v "^$1:" "$file" >"$file.new"
    mv "$file.new" "$file"
  done
  grep -vxF -e "$1" "$users" >"$users.new"
  mv "$users.new" "$users"
}

# Overwritten where it lies: what is only deleted is still on the disk, and would be in the image.
destroy() {
  for file in "$@"; do
    [ -f "$file" ] && shred -u -n 1 -z "$file"
  done
}

members=/etc/rackwright/members

# Names of the others, after whatever the image has; an address with a port is none that a name could stand for.
introduce() {
  printf '%s\n' "$1" >"$members"
  touch /etc/hosts
  sed -i '/# rackwright$/d' /etc/hosts
  while read -r address names; do
    case "$address" in *[!0-9a-fA-F.:]* | *.*:* | '') ;; *) echo "$address $names # rackwright" >>/etc/hosts ;; esac
  done <"$members"
}

case "$task" in
  status) ;;
  introduce)
    introduce "$(printf '%b' "$(sed -n 's/.*"members":"\([^"]*\)".*/\1/p')")"
    sync
    ;;
  pre-capture)
    for user in $(cat "$users"); do
      destroy "/home/$user/.ssh/"* "/home/$user/.ash_history"
      revoke "$user"
    done
    introduce ''
    # The next start makes another one, here and wherever the image is loaded.
    destroy /etc/rackwright/host-key
    sync
    ;;
  grant-access | revoke-access | post-capture)
    input="$(cat)"
    user="$(printf '%s' "$input" | sed -n 's/.*"user":"\([^"]*\)".*/\1/p')"
    if [ "$task" = revoke-access ]; then
      revoke "$user"
    elif [ "$task$user" != post-capture ]; then
      printf '%s' "$user" | grep -qxE '[a-z_][a-z0-9_-]{0,31}' || refuse "$user is no name for a user"
      key="$(printf '%s' "$input" | sed -n 's/.*"publicKey":"\([A-Za-z0-9+=@/ ._-]*\)[^"]*".*/\1/p')"
      case "$key" in ssh-*' '* | ecdsa-*' '* | sk-*' '*) ;; *) refuse "there is no usable public key" ;; esac
      if ! grep -qxF -e "$user" "$users"; then
        # Whoever is in the image already (root, the manager) is not a user.
        id -u "$user" >/dev/null 2>&1 && refuse "$user is not a user"
        add "$user"
        echo "$user" >>"$users"
      fi
      mkdir -p "/home/$user/.ssh"
      echo "$key" >"/home/$user/.ssh/authorized_keys"
      chmod 700 "/home/$user/.ssh"
      chmod 600 "/home/$user/.ssh/authorized_keys"
      chown -R "$user:$user" "/home/$user"
    fi
    sync
    ;;
  sanitize)
    for user in $(cat "$users"); do revoke "$user"; done
    rm -rf /home/*
    introduce ''
    sync
    ;;
  *) code=126 refuse "rackwright may run rackwright-guest status|grant-access|introduce|revoke-access|sanitize|pre-capture|post-capture only" ;;
esac

logins="$(grep ' auth succeeded for ' /run/sshd.log | grep -vc "for 'rackwright'")"
sessions=0
for pid in $(sed -n "/ for 'rackwright'/d; s/^\[\([0-9]*\)\].* auth succeeded for .*/\1/p" /run/sshd.log); do
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dropbear ] && sessions=$((sessions + 1))
done
list="$(sed 's/.*/"&"/' "$users" | tr '\n' ',' | sed 's/,$//')"
printf '{"revision":"%s","osBoot":"%s","address":"%s","logins":%s,"users":[%s],"sessions":%s}\n' \
  "$(cat /etc/rackwright/revision)" "$(cat /proc/sys/kernel/random/boot_id)" "$(rackwright-address)" "$logins" "$list" "$sessions"
