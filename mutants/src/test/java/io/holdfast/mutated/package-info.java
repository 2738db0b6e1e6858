/** What runs on mutated classes: it is loaded with them, and speaks to the tests in text alone. */
@NullMarked
package io.holdfast.mutated;

import org.jspecify.annotations.NullMarked;
