"""Trains a diffusion model on sprites: `python train.py data=array data.path=sprites.npz`.

The same command on the same directory continues; `python train.py --help` lists the choices.
"""

from omegaconf import DictConfig

from diffusion.entry import entry, output_directory, plain
from diffusion.errors import UserError
from diffusion.run_directory import RunDirectory


@entry("train")
def main(cfg: DictConfig) -> float | None:
    """One run: check, prepare, fit, close. Returns the validation loss, for sweepers."""
    config = plain(cfg)
    with RunDirectory(output_directory(), config) as run:
        if run.finished:
            run.say(f"{run.path} is finished; raise trainer.max_steps to train it longer.")
            return run.summary["val/loss"]

        import logging

        import torch  # from here on it takes seconds: everything quick has been checked
        from hydra.core.hydra_config import HydraConfig
        from hydra.utils import instantiate

        from datamodules.doctor import table
        from diffusion.callbacks.finite import FiniteLoss
        from diffusion.callbacks.signals import Signals
        from diffusion.checkpoint import AtomicCheckpointIO, build_denoiser, read
        from diffusion.closing import close_run
        from diffusion.loggers import MetricsCSV
        from diffusion.module import DiffusionModule
        from diffusion.noising import write_noising
        from diffusion.pixels import PixelCodec

        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        data = instantiate(cfg.data, seed=cfg.seed)
        data.setup()
        run.say(table(data.card))

        torch.manual_seed(cfg.seed)  # the initial weights
        classes = data.classes if cfg.model.classes else 0
        recipe = {part: config[part] for part in ("schedule", "prediction", "weighting")}
        recipe["model"] = config["model"] | {"channels": data.shape[0], "classes": classes}
        denoiser = build_denoiser(recipe)
        sampler = instantiate(cfg.sampler)
        denoiser.schedule.grid(sampler.steps)  # refuses a number of steps it does not have
        if cfg.compile:
            denoiser.model.compile()  # in place: the names in checkpoints stay plain
        known = {
            "shape": list(data.shape),
            "hard_alpha": data.card["hard_alpha"],
            "label_names": list(data.label_names),
            "label_frequencies": data.label_frequencies,
        }
        module = DiffusionModule(
            denoiser,
            PixelCodec(known["hard_alpha"]),
            optimizer=instantiate(cfg.optimizer),
            learning_rate=instantiate(cfg.learning_rate),
            seed=cfg.seed,
            flip=cfg.flip,
            label_drop=cfg.label_drop,
            card={"config": config, "recipe": recipe, "data": data.card, "sprites": known},
        )
        step = read(run.last)["global_step"] if run.last else 0
        checkpoints = instantiate(cfg.checkpoint)
        trainer = instantiate(
            cfg.trainer,
            callbacks=[
                *instantiate(cfg.callbacks).values(),
                FiniteLoss(),
                checkpoints,
                Signals(checkpoints.save),
            ],
            logger=[MetricsCSV(run.path, keep=step), *instantiate(cfg.logger, run.path, config)],
            plugins=[AtomicCheckpointIO()],
            default_root_dir=run.path,
            check_val_every_n_epoch=None,  # intervals are in steps, never in epochs
            num_sanity_val_steps=0,
            enable_checkpointing=False,  # our own callback does it
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        devices = trainer.num_devices * trainer.num_nodes
        if cfg.data.batch_size % devices:
            raise UserError(
                f"data.batch_size={cfg.data.batch_size} cannot be shared by {devices} "
                f"devices; give a multiple of {devices}."
            )
        run.begin(list(HydraConfig.get().overrides.task), data.card)
        if run.leads:
            write_noising(data.images(data.split["train"][:3]), denoiser.schedule, run.path)
        if step:
            run.say(f"continues at step {step}")
        trainer.fit(module, datamodule=data, ckpt_path=run.last, weights_only=True)
        if checkpoints.validated_step != trainer.global_step:
            trainer.validate(module, datamodule=data, verbose=False)
        if not trainer.is_global_zero:
            return None
        return close_run(run, trainer, data, sampler)["val/loss"]


if __name__ == "__main__":
    main()
