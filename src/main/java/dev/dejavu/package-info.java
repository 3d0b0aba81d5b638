@NullMarked
package dev.dejavu;

import org.jspecify.annotations.NullMarked;
