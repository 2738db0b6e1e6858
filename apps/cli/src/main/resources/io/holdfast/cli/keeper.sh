# In: lines "SIGNAL TARGETS", both as kill takes them; "leave" once the command has ended. Out: nothing.
# Input that ends without "leave" means that the runner is dead: what it ran is killed.
trap '' INT TERM HUP
targets=
while read -r signal to; do
  [ "$signal" = leave ] && exit 0
  targets=$to
  kill -s "$signal" -- $targets
done
[ -z "$targets" ] || kill -s KILL -- $targets
