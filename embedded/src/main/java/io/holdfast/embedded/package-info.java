/**
 * Real Redis, PostgreSQL and MariaDB servers that live as long as one process, for tests, demos and
 * races, never for production; or, as a {@link io.holdfast.embedded.DataFolder}, as long as any of
 * the processes that use one folder, in which the data stays.
 *
 * <p>A server of one process listens on a random port of 127.0.0.1 and keeps its files in a new
 * folder in the system's temporary folder. Closing it ends the process and removes the folder.
 * Whatever way this JVM ends, SIGKILL included, a small shell process beside the server, the
 * keeper, sees its standard input end and does the same; so a server outlives the JVM's shutdown
 * hooks, which may still use it. Only if the keeper is killed too (a whole container or host going
 * down) the folder {@code holdfast-redis-*}, {@code holdfast-postgresql-*} or {@code
 * holdfast-mariadb-*} stays.
 *
 * <p>Needs a POSIX shell. Redis: {@code redis-server} on {@code PATH}, else the binary that comes
 * as a Maven artifact (6.2, Linux and macOS). PostgreSQL: 18, Linux with glibc on amd64 or arm64.
 * MariaDB: {@code mariadbd} on {@code PATH}, else 11.4 from a Maven artifact that the caller adds,
 * Linux with glibc on amd64.
 */
@NullMarked
package io.holdfast.embedded;

import org.jspecify.annotations.NullMarked;
