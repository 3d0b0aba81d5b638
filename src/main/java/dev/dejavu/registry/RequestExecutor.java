package dev.dejavu.registry;

import java.io.IOException;
import java.io.InterruptedIOException;

import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.EndpointDetails;
import org.apache.hc.core5.http.HttpException;
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
            return super.execute(request, connection, callback, context);
        }
        catch (InterruptedIOException ex) {
            throw ex;
        }
        catch (IOException ex) {
            if (received > 0 && details.getReceivedBytesCount() == received) {
                context.setAttribute(CLOSED_WHILE_IDLE, true);
            }
            throw ex;
        }
    }

}
