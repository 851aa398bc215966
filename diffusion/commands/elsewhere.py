"""What other projects call things, and what does here what they do there.

The words are those of lightning-hydra-template, diffusers, k-diffusion, and of scripts that people
have written after them. `docs/coming-from.md` tells the same as tables.
"""

NAMES = {  # ours: theirs
    "trainer.max_steps": "steps n_steps num_steps train_steps iterations max_iters num_iterations",
    "sampler.steps": "num_inference_steps inference_steps ddim_steps sampling_steps sample_steps "
    "num_sampling_steps sampler_steps steps n_steps num_steps",
    "schedule.steps": "num_train_timesteps num_timesteps timesteps diffusion_steps noise_steps",
    "schedule": "noise_schedule beta_schedule noise_scheduler scheduler",
    "learning_rate": "lr_scheduler lr_schedule scheduler",
    "sampler": "scheduler noise_scheduler solver method",
    "learning_rate.warmup": "warmup_steps lr_warmup_steps num_warmup_steps",
    "optimizer.lr": "lr learning_rate base_lr",
    "optimizer": "optim",
    "trainer.gradient_clip_val": "grad_clip clip_grad grad_clip_norm clip_grad_norm max_grad_norm",
    "trainer.accumulate_grad_batches": "gradient_accumulation_steps grad_accum accum_iter",
    "trainer.precision": "precision mixed_precision fp16 bf16 amp use_amp half use_fp16",
    "trainer.val_check_interval": "check_val_every_n_epoch val_every eval_every val_interval "
    "eval_interval eval_steps",
    "trainer.log_every_n_steps": "log_every log_interval logging_steps",
    "checkpoint.every_n_steps": "save_every save_interval save_steps checkpointing_steps "
    "every_n_train_steps",
    "trainer.devices": "gpus num_gpus n_gpus num_devices ngpu",
    "devices": "gpus num_gpus n_gpus num_devices ngpu",
    "trainer.accelerator": "device cuda gpu cpu mps use_cuda",
    "accelerator": "device cuda gpu cpu mps use_cuda",
    "seed": "seed_everything random_seed manual_seed seeds generator",
    "model": "net network unet arch architecture backbone",
    "model.widths": "dim base_channels model_channels hidden_dim channel_mult dim_mults width "
    "block_out_channels hidden_size",
    "model.classes": "num_classes class_cond class_conditional conditional n_classes",
    "prediction": "prediction_type parameterization objective pred_type target",
    "loss": "loss_type loss_fn criterion",
    "data": "dataset datamodule dataset_name",
    "data.path": "data_dir data_path dataset_path train_data_dir data_root root dir path",
    "data.batch_size": "train_batch_size bs batch batchsize",
    "batch_size": "bs batch batchsize",
    "n": "n_samples num_samples num_images n_images samples count n_sample",
    "guidance": "cfg_scale guidance_scale cfg w guidance_weight",
    "label": "class class_label class_labels classes cond y prompt target",
    "noise_level": "strength denoising_strength",
    "from": "image init_image input_image init",
    "keep": "mask mask_image inpaint inpainting",
    "colours": "palette colors",
    "max_colours": "max_colors n_colors",
    "png": "save_png format",
    "sheet.columns": "nrow ncol columns grid_size",
    "sheet.scale": "scale",
    "trajectory": "gif film video",
    "inception": "fid kid",
    "run": "model model_path ckpt ckpt_path checkpoint_path weights model_id "
    "pretrained_model_name_or_path",
    "runs": "run model model_path ckpt ckpt_path checkpoint_path weights",
    "out": "out_dir output output_dir outdir save_dir results_dir results_folder logdir log_dir",
    "hydra.run.dir": "out out_dir output output_dir outdir save_dir results_dir results_folder "
    "logdir log_dir",
    "logger.wandb.project": "project wandb_project",
    "logger.wandb.tags": "tags",
    "logger.wandb.notes": "notes",
    "logger.wandb": "wandb use_wandb",
}
SENTENCES = {  # about training, where no single word is meant
    "hydra.run.dir=RUN continues a run, and init_from=RUN begins with its weights": "ckpt_path "
    "ckpt checkpoint_path resume resume_from resume_from_checkpoint resume_path pretrained",
    "experiment=smoke closing=false does everything once in seconds, and data.n_train=30 "
    "callbacks.samples.n=24 overfits": "debug trainer.fast_dev_run "
    "trainer.limit_train_batches trainer.limit_val_batches trainer.overfit_batches fast_dev_run",
    "benchmarks/steps.py says what a step costs": "trainer.profiler profiler profile",
    "sweep_name=NAME and hydra.run.dir=RUN say what a run is called": "task_name run_name "
    "exp_name experiment_name name exp logger.wandb.name",
    "python report.py runs=[RUN] measures a run": "test eval evaluate",
    "python report.py runs=[RUN] measures a run without training": "train",
    "trainer.max_steps=N or minutes=N says how long; epochs are not counted": "max_epochs "
    "trainer.max_epochs trainer.min_epochs epochs num_epochs n_epochs num_train_epochs",
    "hydra.run.dir=DIR is where a run goes, and data.path=FILE where its data is": "paths extras",
    "-m takes any sweeper of Hydra, and val/loss is what it gets": "hparams_search "
    "optimized_metric",
    "batches need no workers": "num_workers data.num_workers data.pin_memory "
    "data.persistent_workers dataloader_num_workers",
    "sprites keep their size, and nothing is interpolated": "image_size data.image_size "
    "data.resolution resolution img_size crop_size center_crop",
    "weights are averaged as callbacks.ema.decay says; callbacks=no_ema leaves that out": "ema "
    "use_ema ema_decay",
    "checkpoint.every_n_steps=N writes last.ckpt, and best.ckpt is chosen by itself": "save_top_k "
    "checkpoint.save_top_k callbacks.model_checkpoint model_checkpoint save_last",
    "prediction=velocity and palette scale the network as EDM does with it": "sigma_data",
}
CHOICES = {
    "trainer=auto takes a GPU where there is one": "trainer=gpu trainer=cuda trainer=mps "
    "trainer=tpu trainer=default",
    "callbacks.NAME=null leaves one out": "callbacks=none callbacks=null",
    "checkpoint.every_n_steps=N writes checkpoints anyway": "callbacks=model_checkpoint "
    "callbacks=checkpoint",
    "logger=[wandb,tensorboard] takes several": "logger=many_loggers logger=all",
    "sampler=dpm_solver is DPM-Solver++(2M)": "sampler=dpmpp_2m sampler=dpm++_2m sampler=dpm++ "
    "sampler=dpmpp sampler=k_dpmpp_2m sampler=dpmsolver sampler=dpm_solver++",
    "sampler=ddim is Euler's method": "sampler=euler sampler=k_euler",
    "did you mean sampler=euler_ancestral?": "sampler=euler_a sampler=k_euler_a "
    "sampler=k_euler_ancestral",
    "did you mean schedule=cosine?": "schedule=squaredcos_cap_v2 schedule=cos",
    "sampler.grid=karras is a grid of any schedule": "schedule=karras",
    "did you mean loss=noise?": "loss=mse loss=l2 loss=simple",
    "did you mean prediction=velocity?": "prediction=v prediction=v_prediction prediction=v_pred",
    "did you mean prediction=epsilon?": "prediction=eps prediction=noise",
    "did you mean prediction=clean?": "prediction=sample prediction=x0 prediction=x_start",
    "data=array, folder or sheet with data.path= takes sprites of your own": "data=cifar10 "
    "data=mnist data=celeba data=custom data=default data=huggingface data=numpy",
    "data=folder takes a folder of pictures": "data=imagefolder data=image_folder data=images",
}


def sentence_about(word: str) -> str:
    """What to do instead, for a word of others for which there is no single one here.

    Args:
        word: a key, which may have parts: `trainer.max_epochs`, `paths.output_dir`.
    """
    while word:
        if found := _first(SENTENCES, word):
            return found
        word = word.rpartition(".")[0]
    return ""


def names_for(word: str) -> list[str]:
    """Our words for one of others, or for the last part of it."""
    last = word.rpartition(".")[2]
    return [ours for ours, theirs in NAMES.items() if last in theirs.split()]


def choice_for(choice: str) -> str:
    """What to say about a choice of others, such as `trainer=gpu`; empty for most."""
    return _first(CHOICES, choice.lower())


def _first(table: dict[str, str], word: str) -> str:
    return next((ours for ours, theirs in table.items() if word in theirs.split()), "")
