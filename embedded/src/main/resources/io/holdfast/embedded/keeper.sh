# in: $1 the server's folder, $2 the signal that ends the server; stdin: "pid N" (the server), "pid" (none now), "done"
# out: nothing after "done"; where stdin ends without it (the JVM is gone): the server ended and the folder removed
trap '' INT TERM HUP
pid=
while read -r word value; do
  case $word in
    pid) pid=$value ;;
    done) exit 0 ;;
  esac
done
if [ -n "$pid" ]; then
  kill -"$2" "$pid"
  kill -CONT "$pid" # a paused server acts on no signal but KILL
  tries=0
  while [ "$2" != KILL ] && [ $tries -lt 100 ] && kill -0 "$pid"; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -KILL "$pid"
fi
tries=0
until rm -rf -- "$1" || [ $tries -ge 50 ]; do # what still dies may still write
  sleep 0.1
  tries=$((tries + 1))
done
