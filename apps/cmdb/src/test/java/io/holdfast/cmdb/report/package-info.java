@NullMarked
package io.holdfast.cmdb.report;

import org.jspecify.annotations.NullMarked;
