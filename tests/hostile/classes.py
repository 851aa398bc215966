"""The classes of cases by name."""

from hostile import arrays, checkpoints, pictures

CLASSES = {
    "arrays": arrays.cases,
    "images": pictures.files,
    "folders": pictures.folders,
    "sheets": pictures.sheets,
    "checkpoints": checkpoints.checkpoints,
    "cards": checkpoints.cards,
    "exports": checkpoints.exports,
}


def all_cases(names=()):
    """Name and cases of each class, or of those that are named."""
    for name in names or CLASSES:
        yield name, CLASSES[name]()
