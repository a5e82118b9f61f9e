#!/bin/sh
# Runs a command (the end-to-end tests, when none is given) as the image is run: as user 10001 without any capability, with a
# root that cannot be written, a temporary folder of its own, and no network but loopback. Whatever needs more fails.
set -eu

user=10001
if [ "${1:-}" != --inside ]; then
  cd "$(dirname "$0")/.."
  [ "$(id -u)" -eq 0 ] || { echo 'confined: only root can confine, so nothing was run.' >&2; exit 1; }
  command -v unshare setpriv ip >/dev/null || { echo 'confined: unshare, setpriv or ip is missing, so nothing was run.' >&2; exit 1; }
  unshare --mount --net --pid --fork true 2>/dev/null ||
    { echo 'confined: this machine gives no namespaces, so nothing was run.' >&2; exit 1; }
  exec unshare --mount --net --pid --fork --kill-child --mount-proc "$0" --inside "$@"
fi
shift

# The repository stands where anybody may look, wherever it was checked out.
place=/mnt
mount --bind "$PWD" "$place"
# Some mounts do not let themselves be changed; whether any can be written is tried below.
findmnt --noheadings --raw --output TARGET | sort -ru | while read -r target; do
  mount -o remount,bind,ro "$target" 2>/dev/null || true
done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
ip link set lo up
cd "$place"

# From here on nothing can be written, and every claim is tried before anything is believed.
alone="setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
exec $alone env -i HOME=/tmp/home TMPDIR=/tmp LANG=C.UTF-8 PATH="$PWD/node_modules/.bin:$PATH" sh -eu -c '
  refuse() { echo "confined: $1" >&2; exit 1; }
  [ "$(id -u):$(id -g):$(id -G)" = "$0:$0:$0" ] || refuse "the user is $(id)"
  grep -q "^CapBnd:.*0000000000000000$" /proc/self/status || refuse "there are capabilities"
  for folder in . src node_modules /etc /run /usr /var/tmp $(findmnt --noheadings --raw --output TARGET); do
    [ "$folder" != /tmp ] || continue
    if ( : >"$folder/.holt-confined" ) 2>/dev/null; then refuse "$folder can be written"; fi
  done
  : >/tmp/.holt-confined && rm /tmp/.holt-confined || refuse "/tmp cannot be written"
  [ "$(ls /sys/class/net 2>/dev/null | grep -vx lo | wc -l)" -eq 0 ] || [ "$(grep -vc "lo:\|Inter\|face" /proc/net/dev)" -eq 0 ] ||
    refuse "there is a network"
  if [ $# -gt 0 ]; then exec "$@"; fi
  exec vitest run --project e2e --configLoader runner --fsModuleCachePath /tmp/vitest
' "$user" "$@"
