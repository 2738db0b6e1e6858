/** Tests on real databases. */
@NullMarked
package io.holdfast.jdbc;

import org.jspecify.annotations.NullMarked;
