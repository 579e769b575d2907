#!/bin/sh
# Tests of price.sh: what fails is told as FILE:LINE: WHAT.
. ./price.sh
failed=0

expect() {
  line=$1 wanted=$2
  found=$(price "$3" "$4")
  if [ "$found" = "$wanted" ]; then
    echo "ok: $3 pieces at $4 cents cost $found"
  else
    echo "test.sh:$line: $3 pieces at $4 cents should cost $wanted, not $found"
    failed=$((failed + 1))
  fi
}

expect 17 0 0 250
expect 18 750 3 250
expect 19 2250 10 250

echo "$failed of 3 tests failed"
[ "$failed" -eq 0 ]
