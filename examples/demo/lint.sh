#!/bin/sh
# Whether every script is one that the shell can read, without tabs or spaces at the end of a line.
status=0
for script in *.sh; do
  sh -n "$script" || status=1
  if grep -n -H "$(printf '[\t ]$')" "$script"; then
    status=1
  fi
done
[ "$status" -eq 0 ] && echo "all scripts are well"
exit "$status"
