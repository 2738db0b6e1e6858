# in: $@ the server's command; stdin: one line, once the keeper knows this process
# out: becomes the server (same pid); without the line (the JVM is gone) nothing is started
read -r _ || exit 1
exec "$@" </dev/null
