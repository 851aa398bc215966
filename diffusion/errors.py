"""The one exception of this package: a request that cannot be met, said in one sentence with the remedy."""


class UserError(ValueError):
    """What the user asked for cannot be done; the message says what to do instead."""
