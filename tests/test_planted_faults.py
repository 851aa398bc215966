"""Tests of the tests: of each kind a wrong part breaks its law, and a right one keeps them all.

A part is planted as anybody adds one: a file of code, and `mine.yaml` in its group of `conf/`.
"""

import shutil
import sys

import laws
import parts
import pytest
from laws import LAWS

RIGHT = {
    "schedule": """
import torch
from diffusion.schedules.base import NoiseSchedule
class Mine(NoiseSchedule):
    def alpha_bar(self, t):
        return (1 - t) ** 2
""",
    "loss": """
class Mine:
    def check(self, prediction, schedule, weighting):
        pass
    def error(self, prediction, output, x0, eps, x_t, alpha, sigma):
        scale = prediction.clean_scale((alpha / sigma).square().flatten())
        return scale * prediction.error(output, x0, eps, x_t, alpha, sigma)
    def clean_scale(self, snr):
        return 1 + 0 * snr
""",
    "sampler": """
from diffusion.samplers.base import Sampler
class Mine(Sampler):
    def __init__(self, steps=50, clip=True, grid="time"):
        super().__init__(steps, clip, grid)
    def step(self, x_t, x0_hat, now, nxt, noise):
        return nxt.alpha * x0_hat + nxt.sigma * (x_t - now.alpha * x0_hat) / now.sigma
""",
    "prediction": """
from diffusion.predictions import Prediction
class Mine(Prediction):
    def target(self, x0, eps, alpha, sigma):
        return 2 * x0
    def to_clean(self, output, x_t, alpha, sigma):
        return output / 2
    def clean_scale(self, snr):
        return 0.25 + 0 * snr
""",
    "weighting": """
class Mine:
    def __call__(self, snr, clean_scale):
        return clean_scale / (1 + snr)
""",
    "model": """
import torch
from torch import nn
class Mine(nn.Module):
    def __init__(self, channels, classes=0):
        super().__init__()
        self.classes = classes
        self.known = nn.Embedding(classes + 1, channels)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
    def forward(self, x, t, label=None):
        label = torch.full((len(x),), -1) if label is None else label
        shift = self.known(label % (self.classes + 1)) + t[:, None]
        return self.mix(x) + shift[:, :, None, None]
""",
    "metrics": """
from diffusion.metrics.base import Metric
class Mine(Metric):
    def describe(self, images):
        return images.double().flatten(1).mean(1, keepdim=True)
    def compare(self, samples, reference):
        return {"brightness_gap": float((samples.mean() - reference.mean()).abs())}
""",
    "files": """
import json
from diffusion.engines.base import EngineFile
class Mine(EngineFile):
    def names(self, tag):
        return (f"mine{tag}.txt",)
    def content(self, taken):
        places = dict(zip(taken.names, taken.rectangles))
        return (json.dumps(places).encode(),)
""",
    "data": """
import numpy as np
from datamodules.arrays import Sprites
from datamodules.errors import reading
from datamodules.sprites import SpriteDataModule
class Mine(SpriteDataModule):
    def __init__(self, path="nowhere.file", **common):
        super().__init__(**common)
        self.path = path
    def read(self):
        from pathlib import Path
        with reading(Path(self.path), "array"):
            return Sprites(np.load(self.path))
""",
    "optimizer": """
import torch
Mine = torch.optim.SGD
""",
    "learning_rate": """
class Mine:
    def __call__(self, step, progress):
        return max(0.0, 1 - progress)
""",
    "trainer": """
import lightning
class Mine(lightning.Trainer):
    def __init__(self, **settings):
        super().__init__(**settings)
""",
    "callbacks": """
from lightning.pytorch import Callback
class Mine(Callback):
    pass
""",
    "logger": """
from pathlib import Path
from lightning.pytorch.loggers import CSVLogger
def Mine(folder, config):
    return [CSVLogger(folder / "mine")]
""",
}
LOSS = "is_zero_where_the_answer_is_right_and_more_elsewhere"
WRONG = {  # kind -> (what stands in the right part, what in a wrong one, the law that it breaks)
    "schedule": [
        ("(1 - t) ** 2", "1 - t / 2 - 0.1", "starts_clean_and_keeps_the_variance"),
        ("(1 - t) ** 2", "1 - (t - 0.7).abs() / 0.7", "starts_clean_and_keeps_the_variance"),
        (
            "(1 - t) ** 2",
            "(1 - t.clamp(max=0.4)) ** 2",
            "loses_signal_at_every_step_until_its_clamp",
        ),
        (
            "return (1 - t) ** 2",
            "return (1 - t) ** 2\n"
            "    def forward(self, t):\n"
            "        return (1 - t), (1 - (1 - t) ** 2).sqrt().roll(1)",
            "starts_clean_and_keeps_the_variance",
        ),
        (
            "return (1 - t) ** 2",
            "return (1 - t) ** 2\n"
            "    def forward(self, t):\n"
            "        return torch.cos(t), torch.sin(t)",
            "agrees_with_its_log_snr",
        ),
        (
            "return (1 - t) ** 2",
            "return (1 - t) ** 2\n    reaches_zero_snr = True",
            "says_whether_epsilon_can_be_inverted",
        ),
        (
            "return (1 - t) ** 2",
            "return (1 - t) ** 2\n"
            "    def _time(self, n, start):\n"
            "        return torch.linspace(start, 0, n).double()",
            "makes_grids_that_fall_from_one_to_zero",
        ),
        ("(1 - t) ** 2", "(1 - t * t.max()) ** 2", "answers_each_time_by_itself"),
        (
            "return (1 - t) ** 2",
            "return (1 - t) ** 2\n"
            "    def forward(self, t):\n"
            "        return super().forward(t.double())",
            "gives_float32_levels_near_the_exact_ones",
        ),
    ],
    "loss": [
        ("return scale *", "return 0.1 + scale *", LOSS),
        ("return scale *", "return 0 * scale *", LOSS),
        ("return 1 + 0 * snr", "return snr - 1", "counts_every_level_of_training"),
        ("return 1 + 0 * snr", "return 1 / snr", "counts_every_level_of_training"),
        (
            "prediction.clean_scale((alpha / sigma).square().flatten())",
            "1",
            "is_scaled_where_a_weighting_relies_on_it",
        ),
        ("return scale *", "return scale[:, None] *", LOSS),
        (
            "    pass",
            "    from diffusion.errors import UserError; raise UserError",
            "is_at_home_in_a_recipe_and_refuses_others_with_a_sentence",
        ),
        (
            "    pass",
            "    assert weighting.gamma",
            "is_at_home_in_a_recipe_and_refuses_others_with_a_sentence",
        ),
    ],
    "sampler": [
        (
            "return nxt.alpha * x0_hat + nxt.sigma * (x_t - now.alpha * x0_hat) / now.sigma",
            "return 3 * nxt.alpha * x0_hat + 0.1",
            "recovers_mean_and_deviation",
        ),
        ("nxt.sigma * (x_t", "0.9 * nxt.sigma * (x_t", "recovers_mean_and_deviation"),
        ("nxt.sigma * (x_t", "nxt.sigma * (x_t.roll(1, 0)", "makes_a_sprite_the_same_alone"),
        (
            "nxt.alpha * x0_hat",
            "(nxt.alpha - 0.1 * (self.steps == 1)) * x0_hat",
            "ends_on_the_only_sprite_after_any_number_of_steps",
        ),
        (
            "class Mine(Sampler):",
            "class Mine(Sampler):\n    order = 2",
            "converges_at_its_order",
        ),
        (
            "    def step(",
            "    def start(self, schedule, noise, origin=None):\n"
            "        return super().start(schedule, noise)\n"
            "    def step(",
            "stays_near_a_sprite_that_it_starts_from",
        ),
        (
            "    def step(",
            "    def trajectory(self, denoiser, noise, label=None, origin=None):\n"
            "        return super().trajectory(denoiser, noise, None, origin)\n"
            "    def step(",
            "tells_the_denoiser_the_labels",
        ),
        (
            "    def step(",
            "    evaluations = 7\n    def step(",
            "asks_as_often_as_it_says",
        ),
    ],
    "prediction": [
        ("return output / 2", "return output / 3", "comes_back_to_the_clean_sprite"),
        (
            "0.25 + 0 * snr",
            "0.5 + 0 * snr",
            "scales_its_error_to_that_of_the_clean_sprite",
        ),
        ("return 2 * x0", "return 2 * x0 + eps", "comes_back_to_the_clean_sprite"),
        (
            "return 0.25 + 0 * snr",
            "return 0.25 + 0 * snr\n"
            "    def training_error(self, output, *others):\n"
            "        return 1 + self.error(output, *others)",
            "has_no_error_where_it_is_right",
        ),
    ],
    "weighting": [
        ("1 + snr", "1 - snr", "is_positive_and_finite"),
        ("clean_scale / (1 + snr)", "snr.log()", "is_positive_and_finite"),
        ("clean_scale / (1 + snr)", "clean_scale / snr", "is_finite_in_pure_noise"),
    ],
    "model": [
        ("self.mix(x) +", "self.mix(x) + x.mean() +", "answers_each_sprite_by_itself"),
        ("+ t[:, None]", "", "listens_to_time_and_label"),
        (
            "self.known(label % (self.classes + 1)) +",
            "0 * self.known(label * 0) +",
            "listens_to_time_and_label",
        ),
        ("padding=1", "", "takes_any_channels_and_sizes"),
        (
            "self.mix(x) +",
            "self.mix(x) / (x.shape[-1] % 2 == 0) +",
            "answers_with_numbers_at_odd_sizes",
        ),
    ],
    "metrics": [
        (
            ".mean(1, keepdim=True)",
            ".mean(1, keepdim=True) - images.double().mean()",
            "describes_each_sprite_by_itself",
        ),
        ("samples.mean() - ", "samples[0].mean() - ", "compares_sets_whatever_their_order"),
        ("samples.mean() - ", "samples.std() - ", "says_what_it_cannot_measure"),
    ],
    "files": [
        ('(f"mine{tag}.txt",)', '(f"mine{tag}.txt", "more")', "writes_what_it_names"),
        ('f"mine{tag}.txt"', '"mine.txt"', "names_files_of_parts_apart"),
        ('f"mine{tag}.txt"', 'f"sheet{tag}.png"', "names_files_of_parts_apart"),
        ("json.dumps(places)", 'str(__import__("time").time())', "writes_what_it_names"),
        ("json.dumps(places)", '"same"', "tells_different_sprites_apart"),
    ],
    "data": [('with reading(Path(self.path), "array"):', "if True:", "says_what_is_missing")],
    "optimizer": [
        (
            "Mine = torch.optim.SGD",
            "class Mine(torch.optim.SGD):\n"
            "    def step(self, closure=None):\n"
            "        self.n = getattr(self, 'n', 0) + 1\n"
            "        self.param_groups[0]['lr'] = 0.01 / self.n\n"
            "        return super().step(closure)\n",
            "goes_on_from_what_a_checkpoint_keeps",
        ),
        (
            "Mine = torch.optim.SGD",
            "class Mine(torch.optim.SGD):\n"
            "    def __init__(self, params, lr):\n"
            "        super().__init__(params, lr, maximize=True)\n",
            "goes_down",
        ),
    ],
    "learning_rate": [
        ("max(0.0, 1 - progress)", "1 - progress", "is_a_share_of_the_rate_at_any_time"),
        ("1 - progress", "2.0", "is_a_share_of_the_rate_at_any_time"),
    ],
    "trainer": [
        ("**settings)\n", "**settings | {'max_steps': -1})\n", "is_a_trainer_with_a_budget"),
        ("**settings)\n", "**settings, unknown=1)\n", "is_a_trainer_with_a_budget"),
        (
            "**settings)\n",
            "**settings | {'plugins': []})\n",
            "has_our_checkpoints_and_no_sanity_steps",
        ),
    ],
    "callbacks": [
        ("class Mine(Callback):", "class Mine:", "are_callbacks_in_a_trainer"),
    ],
    "logger": [
        (
            '[CSVLogger(folder / "mine")]',
            "CSVLogger(folder)",
            "logs_a_number_and_stays_in_the_run",
        ),
        ('folder / "mine"', '"mine"', "logs_a_number_and_stays_in_the_run"),
        ('[CSVLogger(folder / "mine")]', "[print]", "logs_a_number_and_stays_in_the_run"),
    ],
}
YAML = {  # beside the class, which is all that most parts need
    "optimizer": "_partial_: true\nlr: 0.01\n",
    "data": "path: ???\nbatch_size: 8\n",
    "logger": "mine:\n  _target_: planted_part.Mine\n",
    "sampler": "steps: 50\n",
    "metrics": "mine:\n  _target_: planted_part.Mine\n",
    "files": "mine:\n  _target_: planted_part.Mine\n",
    "callbacks": "defaults: [default, _self_]\nmine:\n  _target_: planted_part.Mine\n",
    "trainer": "defaults: [auto, _self_]\n_target_: planted_part.Mine\n",
}


@pytest.fixture(scope="module")
def conf(tmp_path_factory):
    """A copy of `conf/` in which parts are planted."""
    folder = tmp_path_factory.mktemp("planted") / "conf"
    return shutil.copytree(parts.CONF, folder)


@pytest.fixture
def planted(conf, tmp_path, monkeypatch):
    """Plants a part of a kind, and gives the laws that it comes under: (law, maker)."""
    monkeypatch.setattr(parts, "CONF", conf)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted_part", raising=False)

    def plant(kind, code):
        (tmp_path / "planted_part.py").write_text(code)
        text = YAML.get(kind, "")
        own = "" if "_target_" in text else "_target_: planted_part.Mine\n"
        (conf / kind / "mine.yaml").write_text(own + text)
        return [
            (law, parts.part(group, name))
            for group, name, law in parts.cases(LAWS)
            if (group, name) == (kind, "mine")
        ]

    yield plant
    sys.modules.pop("planted_part", None)
    for file in conf.glob("*/mine.yaml"):
        file.unlink()


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_part_keeps_all_laws(planted, kind):
    under = planted(kind, RIGHT[kind])
    assert [law for law, _ in under] == list(LAWS[kind])
    for law, make in under:
        law(make)


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "broken"),
    [(kind, *change) for kind, changes in WRONG.items() for change in changes],
)
def test_a_wrong_part_breaks_the_law_that_it_should(planted, kind, right, wrong, broken):
    """By an assertion: that something crashes somewhere is no verdict."""
    assert right in RIGHT[kind]
    under = dict(planted(kind, RIGHT[kind].replace(right, wrong)))
    law = getattr(laws, broken)
    with pytest.raises(AssertionError) as failure:
        law(under[law])
    assert failure.traceback[-1].path.name != "planted_part.py"


def test_every_law_of_a_kind_has_a_planted_fault():
    assert WRONG.keys() == RIGHT.keys() == LAWS.keys()
    for kind, changes in WRONG.items():
        assert {broken for *_, broken in changes} == {law.__name__ for law in LAWS[kind]}
