"""A model to give away: `.safetensors` holds averaged weights, and the card as JSON beside them.

Such a file cannot hold code. It has neither the optimizer nor the raw weights, so that it is about
a fifth of a checkpoint, and a run cannot continue from it. What tells of its maker's machine, such
as paths, is left out of the card.
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from torch import Tensor

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.runs.cards import own_sampler
from diffusion.runs.files import plain_file, write_file

KEY = "sprite-diffusion"  # of the card in the file's metadata
MAX_HEADER_BYTES = 2**22  # bytes of the header, which holds names, shapes and the card


def write(path: Path, weights: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Writes weights and card whole or not at all.

    Raises:
        UserError: the path does not end in .safetensors.
    """
    if path.suffix != ".safetensors":
        raise UserError(f"export={path} must end in .safetensors.")
    write_file(path, content(weights, card), new=True)


def named(denoiser: Denoiser) -> dict[str, Tensor]:
    """The weights of a denoiser as checkpoints name them."""
    return {f"denoiser.{key}": value for key, value in denoiser.state_dict().items()}


def content(weights: dict[str, Tensor], card: dict[str, Any]) -> bytes:
    """Weights and the part of the card that a stranger needs, as such a file holds them."""
    from safetensors.torch import save

    plain = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    return save(plain, {KEY: json.dumps(shared(card))})


def shared(card: dict[str, Any]) -> dict[str, Any]:
    """The part of a card that a stranger needs: how to make sprites, and of what."""
    own, sampler = {key: card[key] for key in ("recipe", "sprites")}, own_sampler(card)
    return own | ({"sampler": sampler} if sampler else {})


def read(path: Path) -> tuple[dict[str, Tensor], Any, str]:
    """Weights, card and SHA-256 of a `.safetensors` file.

    Raises:
        UserError: no such file, a damaged one, or one without a card.
    """
    from safetensors.torch import load

    try:
        opened = plain_file(path)
    except OSError as error:
        raise UserError(
            f"There is no file {path}; give a run directory, .ckpt or .safetensors."
        ) from error
    try:
        with opened as file:
            found = file.read()
        (length,) = struct.unpack_from("<Q", found)
        if length > MAX_HEADER_BYTES:
            raise ValueError("its header is absurdly long")
        header = json.loads(found[8 : 8 + length])
        card = json.loads(header["__metadata__"][KEY])
        return load(found), card, hashlib.sha256(found).hexdigest()
    except Exception as error:  # a foreign file can fail in any way; none of them is our defect
        raise UserError(
            f"{path} is damaged, or not what sample.py export= writes; ask for it again."
        ) from error
