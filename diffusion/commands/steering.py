"""The words of `sample.py` that steer: which hands are laid on the network, and what they hold."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datamodules.files.images import FORMATS, read
from datamodules.files.palettes import read_palette
from datamodules.files.paths import typed
from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.pixels import PixelCodec
from diffusion.runs.directory import process_rank
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.steering.colours import AllowedColours, FewColours, PaletteCodec, opaque
from diffusion.steering.kept import WORDS, Kept, kept_values
from diffusion.steering.mirrored import Mirrored
from diffusion.steering.repainting import by_lightness, nearest_pairs
from diffusion.steering.steered import palette_of
from diffusion.steering.tiled import Tiled

OWN_COLOURS = "colours"


def steer(
    sprites: SpriteSet, words: Mapping[str, Any], picked: Tensor | None
) -> tuple[SpriteSet, dict[str, Any]]:
    """The sprites as the words want them, and what of it decides how they look.

    Args:
        sprites: as the network makes them.
        words: `keep colours max_colours recolour tile mirror`, plain values.
        picked: the sprite that `from=` names, uint8 `(C, H, W)`.

    Raises:
        UserError: words that do not go together, or not with this network.
    """
    _check(words, picked)
    keep, colours, recolour = (words[key] for key in ("keep", "colours", "recolour"))
    most = words["max_colours"]
    denoiser, codec = sprites.denoiser, sprites.codec
    decides: dict[str, Any] = {}
    if keep == OWN_COLOURS and picked is not None:
        _check_coloured(len(picked), "keep=colours")
        colours, keep = _colours_of(picked), None
    if any(each is not None for each in (colours, recolour, most)):
        denoiser, codec, decides = _coloured(sprites, colours, recolour, most)
    if words["tile"] is not None:
        _check_tile(denoiser, sprites.shape)
        denoiser = Tiled(denoiser, str(words["tile"]))
        decides["tile"] = str(words["tile"])
    if words["mirror"]:
        denoiser, decides["mirror"] = Mirrored(denoiser), True
    if most is not None:  # after the mirror: both halves have the same few
        denoiser = FewColours(denoiser, most)
    kept = None if picked is None else kept_part(keep, picked)
    if kept is not None and picked is not None:
        denoiser = Kept(denoiser, PixelCodec().encode(picked), kept)
        decides["keep"] = hashlib.sha256(kept.numpy().tobytes()).hexdigest()
        if isinstance(codec, PaletteCodec):
            _check_kept(codec, picked, kept)
    device = next(sprites.denoiser.parameters()).device
    return replace(sprites, denoiser=denoiser.to(device), codec=codec), decides


def _coloured(
    sprites: SpriteSet,
    colours: str | Sequence[str] | None,
    recolour: str | Sequence[str] | None,
    most: int | None,
) -> tuple[Denoiser, PixelCodec, dict[str, Any]]:
    """The network with a hand on its palette, how its sprites are painted, and both in words."""
    denoiser = sprites.denoiser
    decides: dict[str, Any] = {}
    palette = palette_of(denoiser, "A word about colours").colours
    known, seen = PixelCodec().decode(palette.cpu()[:, :, None, None]).flatten(1), opaque(palette)
    painted = known.clone()
    if colours is not None:
        allowed = ~seen
        for colour, row in _pairs(_channels(colours, "colours", known), known, seen):
            allowed[row], painted[row] = True, colour
        denoiser, painted = AllowedColours(denoiser, allowed), painted[allowed]
        decides["colours"] = [bytes(row.tolist()).hex() for row in painted]
    if recolour is not None:
        painted = _repainted(_channels(recolour, "recolour", known), known, seen)
        decides["recolour"] = [bytes(row.tolist()).hex() for row in painted]
    if most is not None:
        decides["max_colours"] = most
    palette = palette_of(denoiser, "A word about colours").colours
    return denoiser, PaletteCodec(sprites.codec.hard_alpha, palette, most, painted), decides


def _check(words: Mapping[str, Any], picked: Tensor | None) -> None:
    keep, mirror, colours, recolour = (
        words[word] for word in ("keep", "mirror", "colours", "recolour")
    )
    if not isinstance(mirror, bool):
        raise UserError(f"mirror={mirror} must be true or false.")
    if keep is not None and picked is None:
        raise UserError("keep= needs a sprite to keep something of; give from=NAME or from=a.png.")
    if recolour is not None and (colours is not None or keep is not None):
        raise UserError("recolour= paints whole sprites anew; leave out colours= and keep=.")
    if mirror and keep not in (None, OWN_COLOURS):
        raise UserError(
            "mirror=true makes both halves equal, and keep= may not allow that; leave out one."
        )
    if keep == OWN_COLOURS and colours is not None:
        raise UserError("keep=colours and colours= both say which colours; leave out one.")


def _check_coloured(channels: int, word: str) -> None:
    if channels == 1:
        raise UserError(f"{word} needs sprites of colours, and these are grey.")


def _check_tile(denoiser: Denoiser, shape: Sequence[int]) -> None:
    """Refuses sizes that a network fills up, and so cannot close to a ring."""
    multiple = getattr(denoiser.model, "multiple", 1)
    if any(side % multiple for side in shape[1:]):
        raise UserError(
            f"tile= needs sides that are multiples of {multiple} with this network, and sprites "
            f"are {shape[2]} x {shape[1]}; train a smaller model, which has fewer levels."
        )


def _check_kept(codec: PaletteCodec, picked: Tensor, kept: Tensor) -> None:
    """Refuses pixels that shall stay and have colours that none may have."""
    whole = kept.all(dim=0)
    if codec.most is not None and bool((whole & (picked[-1] > 0)).any()):
        raise UserError("max_colours= may take away what keep= keeps; leave out one.")
    after = codec.decode(PixelCodec().encode(picked)[None])[0]
    if not torch.equal(after[:, whole], picked[:, whole]):
        raise UserError(
            "keep= keeps pixels whose colours colours= does not allow; keep less, such as "
            "keep=alpha, or leave out one."
        )


def kept_part(what: str | None, picked: Tensor) -> Tensor | None:
    """What `keep=` keeps of a sprite uint8 `(C, H, W)`, bool of its shape; None for no part."""
    return None if what in (None, OWN_COLOURS) else _mask(str(what), picked)


def _mask(what: str, picked: Tensor) -> Tensor:
    """Which values stay, bool `(C, H, W)`."""
    if what in WORDS:
        return kept_values(picked, what)
    if not what.lower().endswith(tuple(FORMATS)):
        raise UserError(
            f"keep={what} is not known; known are {', '.join(WORDS)}, {OWN_COLOURS}, or an image "
            "that is white where pixels stay."
        )
    image = read(typed(what, "keep"))[0][0]
    _, height, width = picked.shape
    if image.shape[:2] != (height, width):
        raise UserError(
            f"{what} must be {width} x {height} pixels, as the sprite is whose pixels it keeps."
        )
    clear = (image[..., 3] < 255).any()
    white = image[..., 3] >= 128 if clear else image[..., :3].mean(axis=2) >= 128
    return torch.from_numpy(white).expand(picked.shape)


def _pairs(wanted: np.ndarray, known: Tensor, seen: Tensor) -> list[tuple[Tensor, int]]:
    """(colour as it is painted, row of the palette) of every colour that is used; says which
    stand for others."""
    rows = seen.nonzero().flatten().tolist()
    pairs, notes = [], []
    for a, k in nearest_pairs(wanted, known[seen].numpy()):
        pairs.append((torch.from_numpy(wanted[a]), rows[k]))
        ours, theirs = _hex(known[rows[k]]), _hex(torch.from_numpy(wanted[a]))
        if ours != theirs:
            notes.append(f"{theirs} where the training sprites have {ours}")
    unused = len(wanted) - len(pairs)
    if process_rank() == 0:
        if notes:
            print(f"colours: {', '.join(notes)}")
        if unused:
            print(f"{unused} colours stay unused; this run knows {len(rows)}.")
    return pairs


def _repainted(wanted: np.ndarray, known: Tensor, seen: Tensor) -> Tensor:
    """The palette in its new colours, uint8 `(K, C)`."""
    if len(wanted) < int(seen.sum()):
        raise UserError(
            f"recolour= has {len(wanted)} colours and this run draws with {int(seen.sum())}, of "
            "which none may become another's; give as many, or draw with colours= alone."
        )
    painted, rows = known.clone(), seen.nonzero().flatten().tolist()
    for a, k in by_lightness(wanted, known[seen].numpy()):
        painted[rows[k]] = torch.from_numpy(wanted[a])
    return painted


def _channels(words: str | Sequence[str], key: str, known: Tensor) -> np.ndarray:
    """Opaque colours as this run has channels, each once, uint8 `(A, C)`."""
    found = read_palette(words, key)
    found = found[found[:, 3] == 255] if found.shape[1] == 4 else found
    _check_coloured(known.shape[1], f"{key}=")
    found = np.pad(found[:, :3], ((0, 0), (0, known.shape[1] - 3)), constant_values=255)
    _, first = np.unique(found, axis=0, return_index=True)
    if not len(first):
        raise UserError(f"{key}= holds no opaque colour.")
    return found[np.sort(first)]


def _colours_of(image: Tensor) -> list[str]:
    pixels = image.flatten(1).T
    shown = pixels[pixels[:, 3] == 255] if len(image) == 4 else pixels
    return sorted({_hex(pixel) for pixel in shown})


def _hex(colour: Tensor) -> str:
    return bytes(colour[:3].tolist()).hex()
