"""Training that begins with the weights of another run: `init_from=runs/other`."""

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.runs.loading import checkpoint_file, load

SEEN = "model.looks."  # of one's own sprites
TOLD = ("model.label.", "model.layout.", SEEN)  # as large as there are labels


def begin_with(denoiser: Denoiser, run: str, trust: tuple[str, ...] = ()) -> str:
    """Takes over every averaged weight that has the same name and shape, and says how many.

    Sprites of other sizes, labels or palettes are welcome: what depends on them begins anew.

    Args:
        denoiser: with fresh weights, which are replaced.
        run: a run directory, a .ckpt or a .safetensors file.
        trust: packages beside this project's own whose classes it may name.

    Raises:
        UserError: no such run, or less than half of the weights fit.
    """
    fresh = denoiser.state_dict()
    known = load(checkpoint_file(run, "last"), trust).denoiser.state_dict()
    fits = {
        k: known[k]
        for k in fresh
        if k in known and known[k].shape == fresh[k].shape and not k.startswith(SEEN)
    }
    drawing = {k: w.numel() for k, w in fresh.items() if not k.startswith(TOLD)}
    share = sum(drawing[k] for k in fits if k in drawing) / sum(drawing.values())
    if share < 0.5:
        raise UserError(
            f"init_from={run} has another network: {share:.0%} of the weights fit; give the same "
            "model= as that run's."
        )
    denoiser.load_state_dict(fresh | fits)
    return f"begins with {share:.1%} of its weights from {run}"
