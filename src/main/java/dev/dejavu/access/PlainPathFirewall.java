package dev.dejavu.access;

import jakarta.servlet.http.HttpServletRequest;
import org.springframework.security.web.firewall.FirewalledRequest;
import org.springframework.security.web.firewall.StrictHttpFirewall;

/**
 * Examines a path only where it has anything but lower-case letters, digits and single
 * slashes: the examination costs more than the answer. Every method passes: which ones a
 * path has, the service itself says.
 */
final class PlainPathFirewall extends StrictHttpFirewall {

    PlainPathFirewall() {
        setUnsafeAllowAnyHttpMethod(true);
        // A malformed value is refused where it is read, and does no harm elsewhere.
        setAllowedHeaderValues((value) -> true);
        setAllowedParameterNames((name) -> true);
        setAllowedParameterValues((value) -> true);
    }

    @Override
    public FirewalledRequest getFirewalledRequest(HttpServletRequest request) {
        return isPlain(request.getRequestURI()) ? new PlainRequest(request) : super.getFirewalledRequest(request);
    }

    private static boolean isPlain(String path) {
        char last = ' ';
        for (int at = 0; at < path.length(); at++) {
            char next = path.charAt(at);
            boolean plain = (next >= 'a' && next <= 'z') || (next >= '0' && next <= '9')
                    || (next == '/' && last != '/');
            if (!plain) {
                return false;
            }
            last = next;
        }
        return true;
    }

    private static final class PlainRequest extends FirewalledRequest {

        PlainRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public void reset() {
            // It was not changed.
        }

    }

}
