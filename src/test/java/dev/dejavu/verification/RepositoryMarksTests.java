package dev.dejavu.verification;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.Verification;
import dev.dejavu.cache.Watermark;

import static org.assertj.core.api.Assertions.assertThat;

class RepositoryMarksTests {

    private static final Instant TIME = Instant.ofEpochMilli(1000);

    private final RepositoryMarks marks = new RepositoryMarks();

    private void deleted(String subject, long number) {
        marks.add(new Watermark("r", subject, number, 0, 0, null, number, 0, TIME));
    }

    private void pushed(String tag, long moved, long number, @Nullable String digest) {
        marks.add(new Watermark("r", Watermark.tag(tag), 0, moved, number, digest, Math.max(moved, number), 0, TIME));
    }

    /** Of an image that the registry confirmed. */
    private static Verification confirmed(long asOf, String digest, String... restedOn) {
        return Verification.byRegistry(TIME, digest, Arrays.asList(restedOn), asOf);
    }

    private static Verification claimed(long asOf) {
        return Verification.byClient(TIME).withAsOf(asOf);
    }

    private boolean isDeleted(Verification verification, String tag) {
        return marks.isDeletedSince(verification, Watermark.tag(tag));
    }

    @Test
    void deletedRepositoryConcernsWhateverWasVerifiedBefore() {
        deleted(Watermark.WHOLE, 5);
        assertThat(isDeleted(confirmed(4, "a"), "v1")).isTrue();
        assertThat(isDeleted(claimed(4), "v1")).isTrue();
        assertThat(marks.isDeletedSince(confirmed(4, "a"), null)).isTrue();
        assertThat(isDeleted(confirmed(5, "a"), "v1")).isFalse();
    }

    @Test
    void deletedTagConcernsItsEntriesAndNoReferenceWithADigest() {
        deleted(":v1", 5);
        assertThat(isDeleted(confirmed(4, "a"), "v1")).isTrue();
        assertThat(isDeleted(confirmed(4, "a"), "v2")).isFalse();
        assertThat(marks.isDeletedSince(confirmed(4, "a"), null)).isFalse();
        assertThat(isDeleted(claimed(5), "v1")).isFalse();
    }

    @Test
    void deletedManifestConcernsWhatRestsOnItOrOnNobodyKnowsWhat() {
        deleted("@a", 5);
        assertThat(isDeleted(confirmed(4, "a"), "v1")).isTrue();
        assertThat(isDeleted(confirmed(4, "index", "b", "a"), "v1")).isTrue();
        assertThat(isDeleted(confirmed(4, "index", "b", "c"), "v1")).isFalse();
        assertThat(isDeleted(claimed(4), "v1")).isTrue();
        Verification ofAnOlderVersion = new Verification(TIME, Verification.By.REGISTRY, "index", null, 4, 0, false);
        assertThat(isDeleted(ofAnOlderVersion, "v1")).isTrue();
        assertThat(isDeleted(claimed(5), "v1")).isFalse();
        assertThat(isDeleted(confirmed(5, "a"), "v1")).isFalse();
    }

    @Test
    void pushMovesATagThatLedToAnotherManifest() {
        pushed("v1", 0, 5, "b");
        assertThat(marks.isMovedSince(confirmed(4, "a"), ":v1")).isTrue();
        assertThat(marks.isMovedSince(confirmed(4, "b"), ":v1")).isFalse();
        assertThat(marks.isMovedSince(confirmed(5, "a"), ":v1")).isFalse();
        assertThat(marks.isMovedSince(confirmed(4, "a"), ":v2")).isFalse();
        assertThat(marks.isMovedSince(confirmed(4, "a"), null)).isFalse();
        assertThat(marks.isMovedSince(claimed(4), ":v1")).isTrue();
        pushed("v1", 5, 7, "c");
        assertThat(marks.isMovedSince(confirmed(4, "c"), ":v1")).isTrue();
        assertThat(marks.isMovedSince(confirmed(5, "c"), ":v1")).isFalse();
        assertThat(isDeleted(confirmed(4, "a"), "v1")).isFalse();
    }

    @Test
    void lateStateReplacesNoNewerOne() {
        pushed("v1", 5, 7, "c");
        pushed("v1", 0, 5, "b");
        assertThat(marks.isMovedSince(confirmed(6, "b"), ":v1")).isTrue();
    }

    @Test
    void pushOfAnythingIsThatOfTheRepository() {
        marks.add(new Watermark("r", Watermark.WHOLE, 2, 0, 5, null, 5, 0, TIME));
        assertThat(marks.isPushedSince(4)).isTrue();
        assertThat(marks.isPushedSince(5)).isFalse();
        assertThat(isDeleted(claimed(2), "v1")).isFalse();
        deleted("@a", 9);
        assertThat(marks.isPushedSince(5)).isFalse();
    }

    @Test
    void deletedRepositoryReplacesEarlierMarks() {
        deleted("@a", 1);
        deleted(":v1", 2);
        deleted(":v2", 3);
        marks.add(new Watermark("r", Watermark.WHOLE, 2, 0, 0, null, 4, 0, TIME));
        assertThat(marks.size()).isEqualTo(2);
        for (String tag : List.of("v1", "v2", "v3")) {
            assertThat(isDeleted(claimed(1), tag)).isTrue();
            assertThat(isDeleted(claimed(2), tag)).isEqualTo(tag.equals("v2"));
        }
    }

    @Test
    void whatIsFoldedConcernsWithItsNumberByKind() {
        deleted("@a", 1);
        pushed("v1", 0, 2, "a");
        pushed("v2", 0, 3, "a");
        marks.add(new Watermark("r", Watermark.WHOLE, 1, 2, 0, null, 4, 0, TIME));
        assertThat(marks.size()).isEqualTo(2);
        assertThat(isDeleted(claimed(0), "v5")).isTrue();
        assertThat(isDeleted(claimed(1), "v5")).isFalse();
        assertThat(marks.isMovedSince(claimed(1), ":v5")).isTrue();
        assertThat(marks.isMovedSince(claimed(1), null)).isFalse();
        assertThat(marks.isMovedSince(claimed(2), ":v5")).isFalse();
        assertThat(marks.isMovedSince(claimed(2), ":v2")).isTrue();
    }

}
