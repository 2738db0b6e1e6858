/** Locks on an etcd cluster, through jetcd's keys, leases and watches. */
@NullMarked
package io.holdfast.etcd;

import org.jspecify.annotations.NullMarked;
