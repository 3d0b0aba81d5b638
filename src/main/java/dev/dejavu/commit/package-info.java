/**
 * Writes that arrive together share one commit; each is answered after it. Knows no
 * cache.
 */
@NullMarked
package dev.dejavu.commit;

import org.jspecify.annotations.NullMarked;
