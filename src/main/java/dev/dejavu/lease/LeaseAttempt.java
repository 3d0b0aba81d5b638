package dev.dejavu.lease;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How it went to take a lease.
 *
 * @param taken the lease, if it was
 * @param live all leases of the key that are live now, the holder's first
 * @param isTooMuch whether the caller holds as many as it may
 */
record LeaseAttempt(@Nullable Lease taken, List<Lease> live, boolean isTooMuch) {

    static LeaseAttempt failed(List<Lease> live) {
        return new LeaseAttempt(null, live, false);
    }

    static LeaseAttempt tooMuch(List<Lease> live) {
        return new LeaseAttempt(null, live, true);
    }

}
