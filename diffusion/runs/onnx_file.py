"""A run's network for other people's programs: one ONNX file that makes clean estimates.

In it are network, schedule, prediction and the temperature of the run's own sampler:
(x_t, t[, label]) -> x0, for any batch, height and width; and as metadata the levels of that
sampler, and what the numbers of its labels or attributes mean. docs/page.md has one in numpy.
"""

import json
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.runs.loading import Loaded
from diffusion.samplers.base import Sampler

NEAR = 1e-4  # of torch, relative to the largest value; both count in float32
TRIED = ((1, 0, 0, 1.0), (3, 0, 0, 0.5), (2, 8, 16, 0.2))  # sprites, more rows and columns, time


class _Whole(nn.Module):
    """What a sampler asks of a denoiser, as a module with names for its inputs."""

    def __init__(self, denoiser: Denoiser, sampler: Sampler) -> None:
        super().__init__()
        self.denoiser, self.sampler = denoiser, sampler

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return self.sampler.ask(self.denoiser, x_t, t, label)


def onnx_file(loaded: Loaded) -> bytes:
    """The content of the file, after onnxruntime has given the same answers as torch.

    Raises:
        UserError: a package is missing, or the answers differ.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"An export to ONNX needs the package {error.name}; install sprite-diffusion[onnx]."
        ) from error
    sampler = loaded.sampler()[0]
    whole = _Whole(loaded.denoiser, sampler).eval()
    given = _inputs(loaded, *TRIED[1])
    batch, free = torch.export.Dim("batch"), torch.export.Dim.DYNAMIC
    axes: dict[str, Any] = {name: {0: batch} for name in given}
    axes["x_t"] |= {2: free, 3: free}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            whole,
            tuple(given.values()),
            dynamo=True,
            verbose=False,
            dynamic_shapes=axes,
            input_names=list(given),
            output_names=["x0"],
        )
    assert program is not None
    model = program.model_proto
    levels = sampler.start(loaded.denoiser.schedule, torch.zeros(1))[0]
    sprites = loaded.card["sprites"]
    told = {"labels": sprites["label_names"]} if loaded.denoiser.classes else {}
    told |= {"attributes": sprites["attributes"]} if loaded.denoiser.attributes else {}
    properties = {name: json.dumps(value) for name, value in ({"levels": levels} | told).items()}
    onnx.helper.set_model_props(model, properties)
    content: bytes = model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for case in TRIED:
        given = _inputs(loaded, *case)
        ours = whole(**given)
        feed = {name: value.numpy() for name, value in given.items()}
        theirs = torch.from_numpy(session.run(None, feed)[0])
        gap = float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1))
        if not gap < NEAR:
            raise UserError(
                f"onnxruntime answers otherwise than torch (by {gap:.2g}), and nothing was "
                "written; other versions of torch and onnxscript may agree."
            )
    return content


def _inputs(loaded: Loaded, n: int, rows: int, columns: int, t: float) -> dict[str, Tensor]:
    """Noise of so many sprites, so much larger than the run's, at a time."""
    channels, height, width = loaded.card["sprites"]["shape"]
    drawn = torch.Generator().manual_seed(n)
    x_t = torch.randn(n, channels, height + rows, width + columns, generator=drawn)
    given = {"x_t": x_t, "t": torch.full((n,), t)}
    if classes := loaded.denoiser.classes:
        given["label"] = torch.arange(n) % (classes + 1) - 1  # -1 is none
    if attributes := loaded.denoiser.attributes:
        given["label"] = torch.arange(n)[:, None] % (torch.tensor(attributes) + 1) - 1
    return given
