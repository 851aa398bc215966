"""`sample.py export=`: the network of a run for others."""

from pathlib import Path

from diffusion.errors import UserError
from diffusion.runs.loading import checkpoint_file, load
from diffusion.runs.safetensors import write


def export_network(run: str, which: str, target: str, trust: tuple[str, ...] = ()) -> None:
    """Writes the averaged weights and their card as one new safetensors file.

    Raises:
        UserError: the file has another ending, or is there already.
    """
    file = Path(target).expanduser()
    if file.suffix != ".safetensors" or file.exists():
        raise UserError(f"export={file} must be a new file that ends in .safetensors.")
    loaded = load(checkpoint_file(run, which), trust)
    weights = {f"denoiser.{key}": value for key, value in loaded.denoiser.state_dict().items()}
    write(file, weights, loaded.card)
    print(f"{file}: python sample.py run={file} n=64")
