package dev.dejavu.access;

import org.springframework.http.HttpStatus;

/**
 * Somebody cannot be signed in; the message says to that person why.
 */
public class SignInException extends Exception {

    private static final long serialVersionUID = 1;

    private final HttpStatus status;

    SignInException(HttpStatus status, String message) {
        super(message);
        this.status = status;
    }

    public HttpStatus status() {
        return status;
    }

}
