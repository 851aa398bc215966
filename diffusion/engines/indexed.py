"""The sheet with a palette, for editors that work with one: a pixel is the number of a colour."""

import numpy as np
from PIL import Image

from diffusion import pictures
from diffusion.engines.base import EngineFile, Taken
from diffusion.errors import UserError

MOST = 256  # colours of an indexed PNG


class Indexed(EngineFile):
    """`indexed.png`, and its palette as `palette.gpl` of GIMP and `palette.hex`.

    The palette is that of the training sprites, in its order, so that colour 7 is colour 7 on
    every sheet of a run; sprites that were painted otherwise bring their own.
    """

    def names(self, tag: str) -> tuple[str, ...]:
        return f"indexed{tag}.png", f"palette{tag}.gpl", f"palette{tag}.hex"

    def content(self, taken: Taken) -> tuple[bytes, ...]:
        sheet = taken.layout.sheet(taken.images)
        pixels = sheet.permute(1, 2, 0).reshape(-1, sheet.shape[0]).numpy()
        colours = self.palette(pixels, taken.colours)
        used, inverse = np.unique(pixels, axis=0, return_inverse=True)
        number = {tuple(colour): k for k, colour in reversed(list(enumerate(colours.tolist())))}
        numbers = np.array([number[tuple(colour)] for colour in used.tolist()], np.uint8)
        image = Image.fromarray(numbers[inverse.reshape(sheet.shape[1:])], "P")
        opaque = np.broadcast_to(colours, (len(colours), 3)) if colours.shape[1] == 1 else colours
        image.putpalette(opaque[:, :3].tobytes())
        if colours.shape[1] == 4:
            image.info["transparency"] = bytes(colours[:, 3])
        seen = opaque if colours.shape[1] < 4 else colours[colours[:, 3] > 0]
        words = [bytes(colour[:3].tolist()).hex() for colour in seen]
        rows = [
            f"{r:3d} {g:3d} {b:3d}\t{word}"
            for (r, g, b), word in zip(seen[:, :3], words, strict=True)
        ]
        gpl = "\n".join(["GIMP Palette", "Name: sprites", "#", *rows]) + "\n"
        return pictures.png(image), gpl.encode(), ("\n".join(words) + "\n").encode()

    def palette(self, pixels: np.ndarray, known: np.ndarray | None) -> np.ndarray:
        """Colours uint8 `(K, C)`: the known ones, and what the sheet has beside them.

        Raises:
            UserError: more than an indexed PNG holds.
        """
        found = np.unique(pixels, axis=0)
        known = found[:0] if known is None else known
        have = {tuple(colour) for colour in known.tolist()}
        more = [colour for colour in found.tolist() if tuple(colour) not in have]
        if len(known) + len(more) > MOST:
            known, more = known[:0], found.tolist()
        if len(known) + len(more) > MOST:
            raise UserError(
                f"files=[indexed] holds {MOST} colours, and these sprites have {len(more):,}; "
                "leave it out, or give max_colours=."
            )
        return np.concatenate([known, np.array(more, np.uint8).reshape(-1, pixels.shape[1])])
