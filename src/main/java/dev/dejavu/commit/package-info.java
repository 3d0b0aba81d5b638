/**
 * Writers that arrive together share one commit, and each is answered when it is done.
 */
@NullMarked
package dev.dejavu.commit;

import org.jspecify.annotations.NullMarked;
