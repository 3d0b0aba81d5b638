package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;

/**
 * A request to a registry that came to nothing, for a reason that a person can act on.
 */
final class RegistryException extends IOException {

    private static final long serialVersionUID = 1;

    private final ImageStatus.Reason reason;

    private final Duration retryAfter;

    RegistryException(ImageStatus.Reason reason, String detail, Duration retryAfter) {
        super(detail);
        this.reason = reason;
        this.retryAfter = retryAfter;
    }

    RegistryException(ImageStatus.Reason reason, String detail) {
        this(reason, detail, Duration.ZERO);
    }

    ImageStatus.Reason reason() {
        return reason;
    }

    ImageStatus status() {
        return ImageStatus.unknown(reason, String.valueOf(getMessage()), retryAfter);
    }

}
