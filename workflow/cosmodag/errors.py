"""Errors with messages for the user, as opposed to faults of the program."""


class InputError(ValueError):
    """An input, a setting or a file that cannot be used.

    The message is one line that names the culprit (file, key, value found) and the cure (values
    allowed, what to change). The command line prints it without a traceback and exits with 2.
    """


class OutputError(OSError):
    """An output that cannot be written: the disk is full, a quota is used up, or it is read-only.

    The message is one line that names the file, what is missing, and the cure. The command line
    prints it without a traceback and exits with 1.

    Parameters
    ----------
    number : int
        Error number of the system, such as `errno.ENOSPC`.
    message : str
        The line.
    """

    def __init__(self, number: int, message: str):
        super().__init__(number, message)

    def __str__(self) -> str:
        return self.strerror or ""
