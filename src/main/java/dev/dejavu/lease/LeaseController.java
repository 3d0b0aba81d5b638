package dev.dejavu.lease;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.EntryResponses;

/**
 * The HTTP of {@code /leases}.
 */
@RestController
public class LeaseController {

    private static final int MAX_LEASES = 1000;

    private final LeaseRepository repository;

    private final Leases leases;

    private final WaitingRooms rooms;

    LeaseController(LeaseRepository repository, Leases leases, WaitingRooms rooms) {
        this.repository = repository;
        this.leases = leases;
        this.rooms = rooms;
    }

    @GetMapping(path = "/leases", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<LeaseList> list() {
        return EntryResponses.ok(new LeaseList(inFlight()));
    }

    /** The live leases, the oldest first, a thousand at most. */
    public List<LeaseInFlight> inFlight() {
        return repository.findAll(MAX_LEASES).stream().map(this::inFlight).toList();
    }

    private LeaseInFlight inFlight(Lease lease) {
        Build build = lease.build();
        return new LeaseInFlight(build.key().hex(), build.key().overlayOrNull(), build.imageUri(), build.holder(),
                build.author(), lease.since(), lease.expiresAt(), leases.expectedAt(lease), lease.isHedge(),
                rooms.waiting(build.key()));
    }

    /**
     * The body of the answer.
     */
    record LeaseList(List<LeaseInFlight> leases) {
    }

    /**
     * Who builds what.
     *
     * @param holder as the holder calls itself
     * @param author the name of its token
     * @param expectedAt when it should be there, by what earlier builds took
     * @param hedge whether it was given beside another one, which takes long
     * @param waiting requests that wait for it on this instance
     */
    public record LeaseInFlight(String hash, @Nullable String overlay, String imageUri, @Nullable String holder,
            @Nullable String author, Instant since, Instant expiresAt, @Nullable Instant expectedAt, boolean hedge,
            int waiting) {
    }

}
