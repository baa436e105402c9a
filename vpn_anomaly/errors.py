"""Errors caused by the user."""


class UserError(Exception):
    """An error caused by the user: one line that says what was given, what is allowed, what to do.

    The command line prints the line and exits with code 2; a library user can catch it.
    """
