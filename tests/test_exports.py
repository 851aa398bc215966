"""The network for other programs: what is exported is read back by them, and says the same."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from diffusion.runs.loading import load

pytestmark = pytest.mark.processes
PAGE = (Path(__file__).parents[1] / "docs" / "page.md").read_text()
WORDS = "model.classes=true prediction=palette sampler=dpm_solver sampler.steps=5 schedule=cosine"


@pytest.mark.parametrize(
    "words",
    [
        WORDS.replace("=true", "=attributes"),
        pytest.param(WORDS, marks=pytest.mark.nightly),
        pytest.param("prediction=velocity", marks=pytest.mark.nightly),
    ],
)
def test_onnx_answers_as_torch_does_at_any_size(words, command, trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    trained(words)
    result = command("sample.py run=run export=mine.onnx")
    assert result.code == 0, result.err
    session = onnxruntime.InferenceSession(tmp_path / "mine.onnx")
    run = load(tmp_path / "run" / "checkpoints" / "last.ckpt")
    for n, height, width in ((1, 16, 16), (5, 11, 23)):
        x, t = torch.randn(n, 4, height, width), torch.rand(n)
        given, label = {"x_t": x.numpy(), "t": t.numpy()}, None
        if run.denoiser.classes:
            label = torch.arange(n) - 1
        if attributes := run.denoiser.attributes:
            label = torch.arange(n)[:, None] % (torch.tensor(attributes) + 1) - 1
        if label is not None:
            given["label"] = label.numpy()
        ours, theirs = run.denoiser(x, t, label).numpy(), session.run(None, given)[0]
        np.testing.assert_allclose(theirs, ours, atol=1e-4 * max(1, abs(ours).max()))
    levels = json.loads(session.get_modelmeta().custom_metadata_map["levels"])
    assert len(levels) == 6
    assert levels[-1] == [0, 1, 0]
    told = session.get_modelmeta().custom_metadata_map.get("attributes", "{}")
    assert json.loads(told) == run.card["sprites"].get("attributes", {})

    code = re.search(r"```python\n(import json\n.*?)```", PAGE, re.DOTALL)[1]
    code = code.replace('"mine.onnx"', repr(str(tmp_path / "mine.onnx")))
    found = {}
    exec(code, found)
    assert found["images"].shape == (16, 4, 16, 16)
    assert 0.02 < (found["images"][:, 3] > 0).mean() < 1


def test_a_hub_reads_the_card_and_sample_py_the_weights(command, trained, tmp_path):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    trained(WORDS)
    result = command(["sample.py", "run=run", "export=mine/", "credit='Ana, CC-BY 4.0'"])
    assert result.code == 0, result.err
    assert {file.name for file in (tmp_path / "mine").iterdir()} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "samples.png",
    }
    text = (tmp_path / "mine" / "README.md").read_text()
    card = hub.ModelCard.load(tmp_path / "mine" / "README.md")
    head = yaml.safe_load(text.split("---")[1])
    assert hub.ModelCardData(**card.data.to_dict()).to_dict() == card.data.to_dict() == head
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    figures = {each.metric_type: each.metric_value for each in card.data.eval_results}
    assert figures["copy_rate"] == round(summary["samples/copy_rate"], 4)
    assert figures["sprite_fd"] == round(summary["samples/sprite_fd"], 4)
    assert "Ana, CC-BY 4.0" in text
    assert str(tmp_path) not in text + (tmp_path / "mine" / "config.json").read_text()
    assert command("sample.py run=mine/model.safetensors n=4 out=s").code == 0
    assert command("sample.py run=run n=4 out=t").code == 0
    for name in "st":
        assert (tmp_path / name / "sprites.npz").exists()
    with (
        np.load(tmp_path / "s" / "sprites.npz") as a,
        np.load(tmp_path / "t" / "sprites.npz") as b,
    ):
        np.testing.assert_array_equal(a["images"], b["images"])
    again = command("sample.py run=run export=mine/")
    assert again.code == 2
    assert "must be new" in again.err
