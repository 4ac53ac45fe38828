#!/bin/sh
# The watcher of lib/runtime/warden.ts. It reads from its parent
#   + <process group> <signal> <seconds>     watch this group; at the parent's death give it the signal, and KILL after the seconds
#   - <process group>                        the group is gone
# and treats the end of that input as the parent's death, however it died. "bye" before the end means an orderly farewell.
# A shell, because it is there everywhere and weighs one megabyte. "kill -s" and "--" are what dash, bash and busybox agree on.
trap '' INT TERM HUP QUIT

watched=''
farewell=''
while read -r verb group signal seconds; do
  case "$verb" in
    +) watched="$watched $group:$signal:$seconds" ;;
    -)
      left=''
      for one in $watched; do [ "${one%%:*}" = "$group" ] || left="$left $one"; done
      watched=$left
      ;;
    bye) farewell=yes ;;
  esac
done
[ -z "$farewell" ] || exit 0

alive() { kill -s 0 -- "-$1" 2>/dev/null; }

for one in $watched; do
  rest=${one#*:}
  kill -s "${rest%%:*}" -- "-${one%%:*}" 2>/dev/null
done

tenths=0
while [ -n "$watched" ]; do
  left=''
  for one in $watched; do
    group=${one%%:*}
    alive "$group" || continue
    if [ "$tenths" -ge "$((${one##*:} * 10))" ]; then kill -s KILL -- "-$group" 2>/dev/null; fi
    left="$left $one"
  done
  watched=$left
  [ -z "$watched" ] || sleep 0.1
  tenths=$((tenths + 1))
  [ "$tenths" -lt 600 ] || exit 1
done
