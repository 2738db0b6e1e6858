/** What a backend is tested with: its contract, and time that the test is in charge of. */
@NullMarked
package io.holdfast.testkit;

import org.jspecify.annotations.NullMarked;
