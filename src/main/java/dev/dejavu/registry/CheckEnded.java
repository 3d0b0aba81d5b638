package dev.dejavu.registry;

import java.time.Duration;

/**
 * Ends a check with a status.
 */
final class CheckEnded extends Exception {

    private static final long serialVersionUID = 1;

    private final transient ImageStatus status;

    CheckEnded(ImageStatus status) {
        super(status.reason(), null, false, false);
        this.status = status;
    }

    static CheckEnded absent(String reason) {
        return new CheckEnded(ImageStatus.absent(reason));
    }

    static CheckEnded unknown(String reason) {
        return new CheckEnded(ImageStatus.unknown(reason, Duration.ZERO));
    }

    ImageStatus status() {
        return status;
    }

}
