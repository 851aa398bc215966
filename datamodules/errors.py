"""The one exception of this package: data that cannot be used, said in one sentence."""


class DataError(ValueError):
    """The user's data cannot be used as it is; the message says what to do."""
