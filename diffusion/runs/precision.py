"""Number formats: what to train in where the machine may choose, and float32 that is exact."""

import torch


def native_precision(accelerator: str) -> str:
    """`bf16-mixed` where the device multiplies bfloat16 by itself, else `32-true`.

    Args:
        accelerator: as given to the Trainer: auto, cpu, gpu, cuda, mps, ...
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        native = False
    else:
        features = torch.cpu.get_capabilities()
        native = features.get("amx_bf16", False) or features.get("avx512_bf16", False)
    return "bf16-mixed" if native else "32-true"


def exact_float32() -> None:
    """Makes float32 convolutions exact on GPUs, where cuDNN rounds their factors to TF32 unasked.

    Sprite k shall be the same on any device; what may be fast is trained in bf16 anyway.
    """
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
