package dev.dejavu.web;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class InFlightTests {

    private static final long MB = 1 << 20;

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    private String caller = "ada";

    private final InFlight inFlight = new InFlight(new HttpProperties(DataSize.ofMegabytes(8)),
            new CallerIdentity(() -> new Caller(caller, "", false, false)), metrics);

    @AfterEach
    void leave() {
        RequestContextHolder.resetRequestAttributes();
    }

    private ServletRequestAttributes begin(String name) {
        caller = name;
        ServletRequestAttributes request = new ServletRequestAttributes(new MockHttpServletRequest());
        RequestContextHolder.setRequestAttributes(request);
        return request;
    }

    private ServletRequestAttributes begin(String name, long body) {
        ServletRequestAttributes request = begin(name);
        inFlight.reservation().growTo(body);
        return request;
    }

    private void refuses(long bytes) {
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> inFlight.reservation().growTo(bytes))
            .satisfies((ex) -> assertThat(ex.problem()).isEqualTo(Problem.OVERLOADED));
    }

    private double reserved() {
        return metrics.get("dejavu.http.in.flight").gauge().value();
    }

    @Test
    void callerHasHalfAndTwoHaveAll() {
        begin("ada", MB);
        begin("ada", MB);
        refuses(MB + 1);
        begin("bob", 2 * MB);
        begin("eve");
        refuses(1);
        assertThat(reserved()).isEqualTo(4 * MB);
    }

    @Test
    void bodiesLeaveHalfForAnswers() {
        begin("ada", 2 * MB);
        inFlight.reservation().awaitAnswer(4 * MB);
        begin("bob");
        inFlight.reservation().awaitAnswer(2 * MB);
        inFlight.reservation().growTo(2 * MB);
        assertThat(reserved()).isEqualTo(8 * MB);
    }

    @Test
    void answerThatFitsIntoTheRoomOfItsBodyTakesNoMore() {
        begin("ada", MB);
        inFlight.reservation().awaitAnswer(MB);
        assertThat(reserved()).isEqualTo(MB);
        inFlight.reservation().awaitAnswer(MB + MB / 2);
        assertThat(reserved()).isEqualTo(MB + MB / 2);
    }

    @Test
    void requestThatEndsReleasesAllOfIt() {
        ServletRequestAttributes first = begin("ada", MB);
        inFlight.reservation().growTo(2 * MB);
        inFlight.reservation().awaitAnswer(3 * MB);
        assertThat(reserved()).isEqualTo(3 * MB);
        begin("ada");
        refuses(1);
        first.requestCompleted();
        assertThat(reserved()).isZero();
        begin("ada", 2 * MB);
        assertThat(reserved()).isEqualTo(2 * MB);
    }

    @Test
    void requestThatIsDispatchedOnceMoreReservesAnew() {
        MockHttpServletRequest request = new MockHttpServletRequest();
        for (int i = 0; i < 2; i++) {
            ServletRequestAttributes dispatch = new ServletRequestAttributes(request);
            RequestContextHolder.setRequestAttributes(dispatch);
            inFlight.reservation().growTo(MB);
            assertThat(reserved()).isEqualTo(MB);
            dispatch.requestCompleted();
            assertThat(reserved()).isZero();
        }
    }

    @Test
    void refusedGrowthKeepsWhatTheRequestHadAndTakesNoShare() {
        begin("ada", 2 * MB);
        begin("bob", MB);
        ServletRequestAttributes request = begin("eve", MB / 2);
        refuses(MB + 1);
        inFlight.reservation().growTo(MB);
        refuses(MB + 1);
        request.requestCompleted();
        assertThat(reserved()).isEqualTo(3 * MB);
    }

    @Test
    void requestThatNeedsMoreThanAShareGetsAShare() {
        begin("ada");
        inFlight.reservation().awaitAnswer(100 * MB);
        assertThat(reserved()).isEqualTo(2 * MB);
    }

    @Test
    void answerWaitsForARequestThatEnds() throws InterruptedException {
        ServletRequestAttributes first = begin("ada");
        inFlight.reservation().awaitAnswer(2 * MB);
        endsWhileThisThreadWaits(first, () -> inFlight.reservation().awaitAnswer(MB));
        assertThat(reserved()).isEqualTo(MB);
    }

    @Test
    void bodyWaitsForARequestThatEnds() throws InterruptedException {
        ServletRequestAttributes first = begin("ada");
        inFlight.reservation().awaitBody(2 * MB);
        endsWhileThisThreadWaits(first, () -> inFlight.reservation().awaitBody(MB));
        assertThat(reserved()).isEqualTo(MB);
    }

    private void endsWhileThisThreadWaits(ServletRequestAttributes request, Runnable wait) throws InterruptedException {
        Thread waiting = Thread.currentThread();
        begin("ada");
        Thread ending = Thread.ofVirtual().start(() -> {
            while (waiting.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            request.requestCompleted();
        });
        wait.run();
        ending.join();
    }

    @ParameterizedTest
    @CsvSource({ "64, 170", "256, 682", "1024, 2730", "4096, 8192", "65536, 8192" })
    void connectionsFitIntoAnEighthOfTheHeap(long megabytes, int connections) {
        assertThat(ConnectionLimit.connections(megabytes * MB)).isEqualTo(connections);
    }

}
