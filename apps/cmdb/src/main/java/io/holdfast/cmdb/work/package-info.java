/** Workers in processes of their own, and the crew of them that one process leads. */
@NullMarked
package io.holdfast.cmdb.work;

import org.jspecify.annotations.NullMarked;
