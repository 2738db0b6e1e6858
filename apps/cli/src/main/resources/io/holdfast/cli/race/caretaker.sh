# in: $1 the race's folder; stdin: "+ PID" when a worker has started, "- PID" when it has ended
# out: nothing; when stdin ends (the race is over, or its process gone): no worker and no folder
trap '' INT TERM HUP
left=
while read -r sign pid; do
  case $sign in
    +) left="$left $pid" ;;
    -) others=
       for other in $left; do
         [ "$other" = "$pid" ] || others="$others $other"
       done
       left=$others ;;
  esac
done
[ -z "$left" ] || kill -KILL $left # a stopped worker takes no other signal
rm -rf -- "$1"
