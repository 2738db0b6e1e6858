# in: $1 the working folder, $2 "remove" or "keep" it at the end; stdin: "server PID SIGNAL", "ended PID", "join WORD", "done"
# out: file "keeper" with its pid and the last WORD; where stdin ends without "done" (no JVM is left): the servers ended
trap '' INT TERM HUP
servers=
forget() {
  others=
  for server in $servers; do
    [ "${server%:*}" = "$1" ] || others="$others $server"
  done
  servers=$others
}
is_server() { # works in this folder or below; else the number is another process's by now
  kill -0 "$1" || return
  [ ! -e /proc/self/cwd ] || [ "/proc/$1/cwd" -ef . ] || [ "/proc/$1/cwd/.." -ef . ]
}
while read -r word value signal; do
  case $word in
    server) forget "$value"; servers="$servers $value:$signal" ;;
    ended) forget "$value" ;;
    join) echo "$$ $value" >keeper.new && mv keeper.new keeper ;; # never seen half-written
    done) exit 0 ;;
  esac
done
for server in $servers; do
  pid=${server%:*}
  is_server "$pid" && kill -"${server#*:}" "$pid" && kill -CONT "$pid" # a paused one acts on no signal but KILL
done
tries=0
for server in $servers; do
  pid=${server%:*}
  while is_server "$pid" && [ $tries -lt 600 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
  is_server "$pid" && kill -KILL "$pid"
done
[ "$2" = remove ] || exit 0
tries=0
until rm -rf -- "$1" || [ $tries -ge 50 ]; do # what still dies may still write
  sleep 0.1
  tries=$((tries + 1))
done
