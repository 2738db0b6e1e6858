/** Locks on a ZooKeeper ensemble: the session is the lease, a node is the place in the line. */
@NullMarked
package io.holdfast.zookeeper;

import org.jspecify.annotations.NullMarked;
