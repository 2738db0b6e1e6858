/** {@code holdfast simulate}: the production engine in worlds where everything goes wrong. */
@NullMarked
package io.holdfast.cli.simulate;

import org.jspecify.annotations.NullMarked;
