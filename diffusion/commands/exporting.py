"""`sample.py export=`: the network of a run for others, and for other programs."""

from pathlib import Path

from diffusion import pictures
from diffusion.commands.typed import in_shell
from diffusion.commands.whose import credit_of
from diffusion.errors import UserError
from diffusion.runs.files import Folder, write_file
from diffusion.runs.hub import hub_files
from diffusion.runs.loading import Loaded, beside, checkpoint_file, load
from diffusion.runs.onnx_file import onnx_file
from diffusion.runs.reading import entries
from diffusion.runs.safetensors import named, write

PICTURED = 64  # sprites in the picture of a folder


def export_network(
    run: str, which: str, target: str, trust: tuple[str, ...] = (), credit: str | None = None
) -> None:
    """Writes the averaged weights as a new file, or a folder of such.

    Args:
        run, which: the checkpoint.
        target: `.safetensors`, `.onnx`, or a folder, which ends in `/`.
        trust: packages beside this project's own whose classes it may name.
        credit: a sentence on whose the training sprites are.

    Raises:
        UserError: the target has another ending, or is there already.
    """
    place = Path(target).expanduser()
    if not (target.endswith("/") or place.suffix in (".safetensors", ".onnx")) or place.exists():
        raise UserError(
            f"export={target} must be new, and end in .safetensors, .onnx, or / for a folder."
        )
    loaded = load(checkpoint_file(run, which), trust)
    if target.endswith("/"):
        _folder(run, loaded, place, credit)
        print(f"{place}/: python sample.py {in_shell(f'run={place}/model.safetensors')} n=64")
    elif place.suffix == ".onnx":
        write_file(place, onnx_file(loaded), new=True)
        told = loaded.denoiser.classes or loaded.denoiser.attributes
        inputs = "x_t, t, label" if told else "x_t, t"
        print(f"{place}: ({inputs}) -> x0; onnxruntime answers as torch does")
    else:
        write(place, named(loaded.denoiser), loaded.card)
        print(f"{place}: python sample.py {in_shell(f'run={place}')} n=64")


def _folder(run: str, loaded: Loaded, place: Path, credit: str | None) -> None:
    summary = entries(Folder(beside(run)), "summary.json") or {}
    sprites = loaded.sprites(loaded.sampler()[0], seed=0)
    grid = pictures.grid(next(sprites.batches(range(PICTURED))))
    files = hub_files(loaded, place.name, summary, credit_of(loaded.card, credit))
    Folder(place).write_all(files | {"samples.png": pictures.png(grid)}, new=True)
