/**
 * The machines in PostgreSQL: which machine a report belongs to, the guarded write of its merge,
 * the ledger, and the audit of all of it. Knows tokens, not locks: who holds the lease is the
 * caller's affair.
 */
@NullMarked
package io.holdfast.cmdb.store;

import org.jspecify.annotations.NullMarked;
