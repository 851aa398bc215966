"""`data=sheet`: sprite sheets, cut into cells that are given or found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datamodules.arrays import Sprites, packed
from datamodules.errors import DataError, listed
from datamodules.files import background as backgrounds
from datamodules.files.canvas import Picture, one_size
from datamodules.files.cells import Cell, Cut, ground, take
from datamodules.files.contact import SHEETS, contact_sheet
from datamodules.files.finding import Finding, find
from datamodules.files.folders import pictures
from datamodules.files.grid import factor
from datamodules.files.images import read_all, smallest
from datamodules.files.labels import of_folders
from datamodules.files.paths import typed
from datamodules.files.typed_cells import given_cells
from datamodules.folder import depth_of, fit_of
from datamodules.sprites import SpriteDataModule

GROUPED = 10  # sheets from which on each is a group


@dataclass(frozen=True)
class Sheet:
    """One file: canonical RGBA `(H, W, 4)` on its true grid, and its cells."""

    path: Path
    pixels: np.ndarray
    enlarged: int
    cut: Cut

    def cells(self) -> Iterator[Cell]:
        """All cells, row by row."""
        return self.cut.cells(self.pixels.shape[1])

    def filled(self) -> list[Cell]:
        """The cells that show anything but the ground of the sheet."""
        behind = ground(self.pixels)
        return [cell for cell in self.cells() if (packed(take(self.pixels, cell)) != behind).any()]


class SheetData(SpriteDataModule):
    """The cells of a sprite sheet, row by row, empty ones left out; or of a folder of sheets.

    Args:
        path: a PNG, GIF, BMP or WebP image, or a folder of them, whose subfolders are labels.
        cell: side of a cell in pixels of the file, or [height, width], or for bands of different
            cells a list of [height, width, rows]; None finds cells, margins and spacing.
        margin: pixels round all cells; one number for top and left, or [top, right, bottom, left].
            A negative number at the right or the bottom completes short cells there.
        spacing: pixels between two cells, or [vertical, horizontal].
        fit: of cells of several sizes, as for `data=folder`.
        label_depth: as for `data=folder`.
        background: as for `data=folder`.
        common: `batch_size` and `seed`.
    """

    _shown: Sequence[tuple[np.ndarray, Cut]] = ()  # sheets for people to look at

    def __init__(
        self,
        path: str,
        cell: int | Sequence[int] | Sequence[Sequence[int]] | None = None,
        margin: int | Sequence[int] = 0,
        spacing: int | Sequence[int] = 0,
        fit: str | None = None,
        label_depth: int | None = None,
        background: str | None = None,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.path, self.fit = typed(path), fit_of(fit or "centre")
        self.given = None if cell is None else given_cells(cell, margin, spacing)
        self.label_depth = depth_of(label_depth)
        self.background = backgrounds.wanted(background)

    def read(self) -> Sprites:
        """The cells as sprites called by their row and column, such as `r0c3`.

        In a folder the name of the file goes before: `heroes/knight/r0c3`.
        """
        top, files, notes = pictures(self.path)
        frames, rounded = read_all(files, clear=self.background == "transparent")
        if rounded:
            notes.append(f"{rounded} sheets hold 16 bits per channel and were reduced to 8.")
        frames, painted = self._without_board(files, frames)
        sheets, more = self._sheets(files, frames)
        self._shown = [(sheet.pixels, sheet.cut) for sheet in sheets[:SHEETS]]
        notes += painted + more
        single = self.path.is_file()
        found = [
            Picture(take(sheet.pixels, cell)[None], _name(sheet, cell, None if single else top),
                    at=(cell.top, cell.left))
            for sheet in sheets
            for cell in sheet.filled()
        ]  # fmt: skip
        if not found:
            raise DataError(f"All cells of {self.path} are empty; check data.cell.")
        notes += [] if self.given is None else self._shrink(found)
        found, more = backgrounds.cleared(found, "keep" if painted else self.background)
        notes += more
        found = [picture for picture in found if picture.frames[..., 3].any()] or found
        found, more = one_size(found, self.fit, self.path)
        notes += more
        above = self.path.resolve().name
        labels, names, more = of_folders(
            [picture.path.parent for picture in found], self.label_depth, above
        )
        return Sprites(
            images=smallest(np.concatenate([picture.frames for picture in found])),
            labels=None if single else labels,
            label_names=() if single else names,
            groups=None if single else _groups(found),
            names=tuple(picture.path.as_posix() for picture in found),
            notes=(*notes, *more),
        )

    def imported(self) -> Image.Image | None:
        """A contact sheet of what was cut, with the grid drawn; None before `setup`."""
        return contact_sheet(self._shown) if self._shown else None

    def _without_board(
        self, files: Sequence[Path], frames: list[np.ndarray]
    ) -> tuple[list[np.ndarray], list[str]]:
        """Sheets without a painted checkerboard, if that is wanted: it would hide the grid."""
        whole = [Picture(one, file) for one, file in zip(frames, files, strict=True)]
        if self.background != "transparent" or not backgrounds.checkerboard(whole):
            return frames, []
        cleared, notes = backgrounds.cleared(whole, self.background)
        return [sheet.frames for sheet in cleared], notes

    def _sheets(
        self, files: Sequence[Path], frames: Sequence[np.ndarray]
    ) -> tuple[list[Sheet], list[str]]:
        """Every file with its cut; sheets of one size are looked at together."""
        moving = [file for file, one in zip(files, frames, strict=True) if len(one) > 1]
        if moving:
            raise DataError(f"{listed(moving)} is an animation; give it alone to data=folder.")
        sizes: dict[tuple[int, ...], list[int]] = {}
        for number, one in enumerate(frames):
            sizes.setdefault(one.shape[1:3], []).append(number)
        done: dict[int, Sheet] = {}
        notes = []
        for numbers in sizes.values():
            enlarged = 1 if self.given else factor(frames[number] for number in numbers)
            pixels = [frames[number][0][::enlarged, ::enlarged] for number in numbers]
            cut = self._cut(pixels, files[numbers[0]])
            sheets = [
                Sheet(files[n], p, enlarged, cut) for n, p in zip(numbers, pixels, strict=True)
            ]
            done |= dict(zip(numbers, sheets, strict=True))
            notes.append(_cut_note(sheets))
            if enlarged > 1:
                notes.append(f"The sheet was enlarged {enlarged} times; the true grid is used.")
        return [done[number] for number in range(len(files))], notes

    def _cut(self, sheets: Sequence[np.ndarray], path: Path) -> Cut:
        """The cut that was given, or that is found in these sheets of one size."""
        if self.given:
            return self.given.cut(sheets, path)
        finding = find(sheets)
        return finding.cut or self._refuse(finding, path)

    def _refuse(self, finding: Finding, path: Path) -> Cut:
        forms = [cut.typed() for cut in finding.rivals]
        if len(forms) == 2:
            raise DataError(
                f"Two grids explain {path} about equally; say which with {forms[0]} or with"
                f" {forms[1]}."
            )
        guess = f"; the best guess is {forms[0]}" if forms else ""
        raise DataError(
            f"No grid of cells was found in {path}; give data.cell= in pixels,"
            f" and data.margin= and data.spacing= where there are any{guess}."
        )

    def _shrink(self, found: list[Picture]) -> list[str]:
        """Cells that were given in pixels of an enlarged file, brought to their true grid."""
        enlarged = factor(picture.frames for picture in found)
        found[:] = [picture.smaller(enlarged) for picture in found]
        note = f"The sheet was enlarged {enlarged} times; the true grid is used."
        return [note] if enlarged > 1 else []


def _name(sheet: Sheet, cell: Cell, top: Path | None) -> Path:
    """What the sprite of a cell is called; in a folder after its file too."""
    name = f"r{cell.row}c{cell.column}"
    return Path(name) if top is None else sheet.path.relative_to(top).with_suffix("") / name


def _groups(found: Sequence[Picture]) -> np.ndarray | None:
    """Each sheet as a group where there are enough of them, int64 `(N,)`."""
    sheets, groups = np.unique([str(p.path.parent) for p in found], return_inverse=True)
    return groups.astype(np.int64) if len(sheets) >= GROUPED else None


def _cut_note(sheets: Sequence[Sheet]) -> str:
    """How sheets of one size were cut."""
    cut = sheets[0].cut
    count = sum(len([*sheet.cells()]) for sheet in sheets)
    empty = count - sum(len(sheet.filled()) for sheet in sheets)
    what = "The sheet was" if len(sheets) == 1 else f"{len(sheets)} sheets were"
    if len(cut.bands) > 1:
        sizes = [f"{grid.columns.cell} x {grid.rows.cell}" for _, grid in cut.bands]
        return (
            f"{what} cut into {count} cells in bands of {', '.join(sizes)} ({cut.typed()});"
            f" {empty} are empty."
        )
    _, grid = cut.bands[0]
    margin, spacing = (
        _shown(grid.rows.before, grid.columns.before),
        _shown(grid.rows.spacing, grid.columns.spacing),
    )
    text = (
        f"{what} cut into {count} cells of {grid.columns.cell} x {grid.rows.cell}"
        f" (margin {margin}, spacing {spacing}); {empty} are empty."
    )
    short = [
        f"{-axis.after} pixels of {what} are missing and were completed"
        for axis, what in ((grid.columns, "the last column"), (grid.rows, "the last row"))
        if axis.after < 0
    ]
    return " ".join([text, *(f"{sentence}." for sentence in short)])


def _shown(down: int, across: int) -> str:
    return f"{down}" if down == across else f"{down} and {across}"
