"""Trains a diffusion model on sprites: `python train.py data=array data.path=sprites.npz`.

The same command on the same directory continues; `python train.py --help` lists the choices.
"""

from omegaconf import DictConfig

from diffusion.commands.entry import entry, output_directory, overrides, plain
from diffusion.runs.directory import RunDirectory


@entry("train")
def main(cfg: DictConfig) -> float | None:
    """One run: check, prepare, fit, close. Returns the validation loss, for sweepers."""
    config = plain(cfg)
    with RunDirectory(output_directory(), config) as run:
        if run.finished:
            run.say(
                f"{run.path} is finished; raise its trainer.max_steps or max_time to train longer."
            )
            return run.summary["val/loss"]

        import logging  # from here on it takes seconds: everything quick has been checked

        from datamodules.doctor.examination import table
        from diffusion.callbacks.checkpoints import validated
        from diffusion.commands.closing import close_run
        from diffusion.commands.composing import compose_loggers, compose_module, compose_trainer
        from diffusion.commands.views import warning
        from diffusion.levels.noising import write_noising
        from diffusion.runs.building import build
        from diffusion.runs.checkpoint import read
        from diffusion.runs.fine_tuning import begin_with
        from diffusion.runs.loggers import ended_loggers

        for library in ("lightning.pytorch", "lightning.fabric"):
            logging.getLogger(library).setLevel(logging.ERROR)
        data = build(config["data"] | {"seed": cfg.seed}, packages=("datamodules",))
        data.setup()
        run.say(table(data.card))
        module = compose_module(config, data)
        if doubt := warning(module.denoiser.schedule, data):
            run.say(doubt)
        if cfg.init_from is not None and not run.last:
            run.say(begin_with(module.denoiser, str(cfg.init_from)))
        step = read(run.last)["global_step"] if run.last else 0
        trainer = compose_trainer(config, run.path)

        run.begin(overrides(), data.card)
        if run.leads:
            shown = data.images(data.split["train"][:3])
            write_noising(shown, module.denoiser.schedule, run.path)
        if step:
            run.say(f"continues at step {step}")
        with ended_loggers():
            trainer.loggers = compose_loggers(config, run.path, step)
            trainer.fit(module, datamodule=data, ckpt_path=run.last, weights_only=True)
            if not validated(trainer):
                trainer.validate(module, datamodule=data, verbose=False)
            if not trainer.is_global_zero:
                return None
            return close_run(run, trainer, data)["val/loss"]


if __name__ == "__main__":
    main()
