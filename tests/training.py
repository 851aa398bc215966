"""A short training in this process: what `train.py` does between its checks and its last words."""

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from diffusion.commands.complaints import CONF
from diffusion.commands.composing import compose_module
from diffusion.commands.trainer import compose_loggers, compose_trainer
from diffusion.runs.building import build
from diffusion.runs.trust import packages_of

WORDS = [
    *("experiment=smoke", "logger=csv", "model.widths=[32]", "model.blocks=1"),
    *("data.n=60", "data.batch_size=8", "checkpoint.every_n_steps=5"),
    *("callbacks.samples=null", "callbacks.noise_levels=null", "callbacks.progress=null"),
    *("trainer.val_check_interval=10", "trainer.max_steps=15"),
]


def fit(folder, *words, callbacks=()):
    """Trains in a folder, from its `last.ckpt` if there is one; returns the trainer."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        forge = not any(word.startswith("data=") for word in words)
        composed = compose("train", [*(w for w in WORDS if forge or w != "data.n=60"), *words])
    composed = OmegaConf.masked_copy(composed, [key for key in composed if key != "hydra"])
    config = OmegaConf.to_container(composed, resolve=True)
    source = config["data"] | {"seed": config["seed"]}
    data = build(source, packages=("datamodules", *packages_of(source)))
    data.setup()
    module, trainer = compose_module(config, data), compose_trainer(config, folder)
    trainer.callbacks[:0] = callbacks
    last = folder / "checkpoints" / "last.ckpt"
    trainer.loggers = compose_loggers(config, folder, 0)
    trainer.fit(module, datamodule=data, ckpt_path=last if last.exists() else None)
    return trainer
