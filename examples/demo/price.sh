# How much an order costs, in cents: price COUNT CENTS_EACH. From ten pieces on, a tenth is taken off.
price() {
  total=$(($1 * $2))
  if [ "$1" -ge 10 ]; then
    total=$((total * 9 / 10))
  fi
  echo "$total"
}
