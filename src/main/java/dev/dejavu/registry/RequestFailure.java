package dev.dejavu.registry;

import java.io.InterruptedIOException;
import java.net.UnknownHostException;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;

import org.apache.hc.client5.http.ClientProtocolException;
import org.jspecify.annotations.Nullable;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Says why a request came to nothing, and which setting may help.
 */
final class RequestFailure {

    private RequestFailure() {
    }

    static ImageStatus status(@Nullable Throwable cause) {
        return switch (cause) {
            case RegistryException ex -> ex.status();
            case InternalAddressException ex -> unknown(Reason.HOST_NOT_ALLOWED, "", ex);
            case UnknownHostException ex -> unknown(Reason.NO_CONNECTION, "no address in DNS: ", ex);
            case SSLException ex -> unknown(Reason.TLS, tls(ex), ex);
            case InterruptedIOException ex -> unknown(Reason.TIMEOUT, "no answer in time: ", ex);
            case ClientProtocolException ex -> unknown(Reason.UNEXPECTED_ANSWER, "no answer in HTTP: ", ex);
            case null, default -> ImageStatus.unknown(Reason.NO_CONNECTION, String.valueOf(cause));
        };
    }

    private static ImageStatus unknown(Reason reason, String explanation, Exception cause) {
        return ImageStatus.unknown(reason, explanation + cause.getMessage());
    }

    /** By the words of the JDK, which has no types for them. */
    private static String tls(SSLException cause) {
        String text = String.valueOf(cause.getMessage());
        if (text.contains("PKIX") || text.contains("trustAnchors")) {
            return "its certificate is of no authority trusted here, dejavu.registry.ssl-bundle can name one: ";
        }
        if (text.contains("certificate_required") || text.contains("bad_certificate")
                || text.contains("handshake_failure")) {
            return "it wants a client certificate that it trusts, dejavu.registry.ssl-bundle can have one: ";
        }
        if (text.contains("unrecognized SSL message")) {
            return "it speaks no TLS, dejavu.registry.plain-http can say so: ";
        }
        return (cause instanceof SSLPeerUnverifiedException || text.contains("No subject alternative"))
                ? "its certificate is for another name: " : "TLS: ";
    }

}
