/** The rules of the architecture, as tests. */
@NullMarked
package io.holdfast.architecture;

import org.jspecify.annotations.NullMarked;
