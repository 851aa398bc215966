"""What can end a command early without being our defect."""


class UserError(ValueError):
    """What the user asked for cannot be done; the message says what to do instead."""


class Interrupted(Exception):
    """A signal asked the run to stop; it is saved, and the message says how to continue."""

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal
