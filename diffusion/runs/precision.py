"""Number formats: what to train in where the machine may choose, and float32 that is exact."""

import torch

from diffusion.bfloat16 import multiplied_natively


def native_precision(accelerator: str) -> str:
    """`bf16-mixed` where the device multiplies bfloat16 by itself, else `32-true`.

    Args:
        accelerator: as given to the Trainer: auto, cpu, gpu, cuda, mps, ...
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        device = "cuda"
    elif accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        device = "mps"
    else:
        device = "cpu"
    return "bf16-mixed" if multiplied_natively(torch.device(device)) else "32-true"


def exact_float32() -> None:
    """Makes float32 convolutions exact on GPUs, where cuDNN rounds their factors to TF32 unasked.

    Sprite k shall be the same on any device; what may be fast is trained in bf16 anyway.
    """
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
