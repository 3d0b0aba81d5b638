package dev.dejavu.registry;

/**
 * Ends a check with a status.
 */
final class CheckEnded extends Exception {

    private static final long serialVersionUID = 1;

    private final transient ImageStatus status;

    CheckEnded(ImageStatus status) {
        super(status.detail(), null, false, false);
        this.status = status;
    }

    static CheckEnded absent(String detail) {
        return new CheckEnded(ImageStatus.absent(detail));
    }

    static CheckEnded unknown(ImageStatus.Reason reason, String detail) {
        return new CheckEnded(ImageStatus.unknown(reason, detail));
    }

    ImageStatus status() {
        return status;
    }

}
