package dev.dejavu.registry;

import java.io.IOException;
import java.io.InterruptedIOException;

import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.EndpointDetails;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.Method;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.io.HttpResponseInformationCallback;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/**
 * Sends a request over a connection, and tells a connection that the other side had
 * closed while it was idle from one that breaks.
 */
final class RequestExecutor extends HttpRequestExecutor {

    private static final String CLOSED_WHILE_IDLE = RequestExecutor.class.getName();

    /**
     * Whether the request failed because its connection, which had served others, was
     * closed before any part of an answer came.
     */
    static boolean wasClosedWhileIdle(HttpContext context) {
        return context.getAttribute(CLOSED_WHILE_IDLE) != null;
    }

    @Override
    public ClassicHttpResponse execute(ClassicHttpRequest request, HttpClientConnection connection,
            @Nullable HttpResponseInformationCallback callback, HttpContext context) throws IOException, HttpException {
        EndpointDetails details = connection.getEndpointDetails();
        long received = (details != null) ? details.getReceivedBytesCount() : 0;
        try {
            return requireTunnel(request, super.execute(request, connection, callback, context));
        }
        catch (InterruptedIOException | RegistryException ex) {
            throw ex;
        }
        catch (IOException ex) {
            if (received > 0 && details.getReceivedBytesCount() == received) {
                context.setAttribute(CLOSED_WHILE_IDLE, true);
            }
            throw ex;
        }
    }

    /**
     * What a proxy answers to CONNECT must not be taken for an answer of the registry.
     * The client itself answers 407.
     */
    private static ClassicHttpResponse requireTunnel(ClassicHttpRequest request, ClassicHttpResponse response)
            throws RegistryException {
        if (Method.CONNECT.isSame(request.getMethod()) && response.getCode() != HttpStatus.SC_OK
                && response.getCode() != HttpStatus.SC_PROXY_AUTHENTICATION_REQUIRED) {
            throw new RegistryException(ImageStatus.Reason.PROXY_FAILED,
                    "the proxy refused to connect to " + request.getRequestUri() + ": HTTP " + response.getCode());
        }
        return response;
    }

}
