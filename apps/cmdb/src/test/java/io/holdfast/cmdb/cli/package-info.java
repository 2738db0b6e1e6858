@NullMarked
package io.holdfast.cmdb.cli;

import org.jspecify.annotations.NullMarked;
