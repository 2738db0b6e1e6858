/**
 * The API: the nouns and verbs a user of locks needs. Start at {@link io.holdfast.Locks#connect}.
 *
 * <p>Nothing here knows a store or the engine; both are found at run time through {@link
 * io.holdfast.LocksProvider}.
 */
@NullMarked
package io.holdfast;

import org.jspecify.annotations.NullMarked;
