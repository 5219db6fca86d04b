"""The error that a user's input causes, as opposed to a fault of the program."""


class InputError(ValueError):
    """An input, a setting or a file that cannot be used.

    The message is one line that names the culprit (file, key, value found) and the cure (values
    allowed, what to change). The command line prints it without a traceback and exits with 2.
    """
