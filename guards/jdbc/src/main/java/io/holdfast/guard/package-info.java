/**
 * The database refuses a stale holder. A lock alone cannot protect data: its holder may be paused
 * past the end of its lease and wake up to write. Here the table has the last word, by the lease's
 * fencing token.
 *
 * <ul>
 *   <li>{@link io.holdfast.guard.FencedTable}: one record, read and merged and written back; fence
 *       and version in the record.
 *   <li>{@link io.holdfast.guard.ClaimedTable}: one record whose merge has side effects; claimed
 *       when it is read.
 *   <li>{@link io.holdfast.guard.FenceTable}: a transaction over many rows; one fence beside them.
 *   <li>{@link io.holdfast.guard.GuardTrigger}: the table refuses also writers that never heard of
 *       the lock.
 *   <li>{@link io.holdfast.guard.TransactionLock}: a lock that ends with a transaction, and needs
 *       none of the above.
 *   <li>{@link io.holdfast.guard.SqlFailure}: what to do about an {@code SQLException}.
 * </ul>
 *
 * <p>The fence at the write alone, as in the usual picture, does not do for read, merge, write: the
 * new holder may read before the old one's last write arrives, and then writes over it with a good
 * token. Hence the version beside it. The idea of the token is from Martin Kleppmann, <a
 * href="https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html">How to do
 * distributed locking</a>, 2016-02-08.
 *
 * <p>For PostgreSQL (9.5 and later), MariaDB and MySQL (InnoDB), SQL Server (2012 and later; no
 * statement of it has been run so far) and H2 (2), told apart by what the driver says. Only {@code
 * java.sql} is needed.
 */
@NullMarked
package io.holdfast.guard;

import org.jspecify.annotations.NullMarked;
