/** {@code holdfast demo}: a fleet, several processes that merge it, and the worst moments. */
@NullMarked
package io.holdfast.cmdb.demo;

import org.jspecify.annotations.NullMarked;
