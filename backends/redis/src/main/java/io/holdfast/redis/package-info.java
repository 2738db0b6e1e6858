/** Locks on one Redis server, through Lettuce and a script per question. */
@NullMarked
package io.holdfast.redis;

import org.jspecify.annotations.NullMarked;
