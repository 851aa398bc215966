"""Whether a device multiplies bfloat16 by itself; where it does not, float32 is much faster."""

import torch


def multiplied_natively(device: torch.device) -> bool:
    """True for a device that multiplies matrices of bfloat16 without turning them into float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        features = torch.cpu.get_capabilities()
        return bool(features.get("amx_bf16", False) or features.get("avx512_bf16", False))
    return False
