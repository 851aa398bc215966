"""The classes of cases by name."""

from hostile import arrays, checkpoints, doors, pictures

CLASSES = {
    "arrays": arrays.cases,
    "images": pictures.files,
    "folders": pictures.folders,
    "sheets": pictures.sheets,
    "grids": lambda: list(doors.grids()),
    "values": lambda: list(doors.values()),
    "backgrounds": lambda: list(doors.backgrounds()),
    "odd ones": lambda: list(doors.odd_ones()),
    "checkpoints": checkpoints.checkpoints,
    "cards": checkpoints.cards,
    "exports": checkpoints.exports,
}


def all_cases(names=()):
    """Name and cases of each class, or of those that are named."""
    for name in names or CLASSES:
        yield name, CLASSES[name]()
