/** What several packages of tests use. */
@NullMarked
package io.holdfast.cmdb;

import org.jspecify.annotations.NullMarked;
