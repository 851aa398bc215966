# ruff: noqa: E501  tables with a case in a cell
"""Command lines: words that no honest person types; each is run as a command of its own."""

TRAIN = "train.py experiment=smoke logger=csv hydra.run.dir=run"
WORDS = (
    "model._target_=os.system", "model._target_=builtins.eval", "+model.command=ls", "model.widths=[0]",
    "model.widths=[]", "model.widths=[-32]", "model.widths=abc", "model.blocks=0", "model.blocks=-1",
    "model.patch=0", "model.dropout=2", "data._target_=subprocess.Popen", "data._target_=datamodules.folder.os",
    "+data.hack=1", "data.n=0", "data.n=-5", "data.n=1000000000000", "data.size=17", "data.batch_size=1.5",
    "data=array data.path=/dev/zero", "data=array data.path=/etc/passwd", "data=array data.path=/proc/self/mem",
    "data=folder data.path=/dev/null", "data=folder data.path=/nowhere", "data=array data.path=x.npy",
    "data=array data.path=''", "data=sheet data.path=/etc/hostname", "data=sheet data.path=run data.cell=0",
    "schedule._target_=os.abort", "schedule.steps=0", "schedule.steps=-1", "schedule.steps=x",
    "schedule.beta_start=nan", "schedule.beta_end=inf", "prediction=../model/tiny", "prediction=",
    "sampler._target_=os.getcwd", "sampler.steps=-1", "sampler.steps=1000000000000", "weighting=/etc/passwd",
    "optimizer._target_=os.getcwd", "optimizer.lr=nan", "optimizer.lr=-1", "optimizer.betas=[2,2]",
    "trainer.max_steps=abc", "trainer.max_steps=1.5", "trainer.max_time=abc", "trainer.devices=abc",
    "trainer.accelerator=abc", "trainer.strategy=abc", "trainer.gradient_clip_val=-1", "trainer._target_=os.getcwd",
    "trainer.val_check_interval=0", "trainer.log_every_n_steps=abc",  "logger=nothing",
    "logger.csv._target_=os.abort", "callbacks.ema.decay=nan", "callbacks.samples.n=abc", "callbacks.finite.rollbacks=-1",
    "callbacks.finite.largest_norm=nan", "callbacks.ema._target_=os.abort", "checkpoint.on_failure=explode",
    "checkpoint.every_n_steps=abc", "checkpoint._target_=os.abort", "seed=1e400", "seed=-1", "seed=null", "seed=[1]",
    "flip=7", "label_drop=nan", "label_drop=abc", "inception=/nowhere", "compile=abc", "==", "=", "a=b=c", "+", "~",
    "seed=${model}", "'", "seed='", "{", "[", "seed=[",
    "hydra.run.dir=/proc/nowhere", "hydra.run.dir=/dev/null/x", "--config-name=nowhere", "--config-dir=/nowhere",
    "\u202e=1", "seed=\x1b[2J", "data.path=\udcff", "~seed", "~model", "~model.classes", "~trainer.max_steps",
    "seed=${oc.env:NOWHERE}", "seed=${seed}", "hydra.run.dir=${nowhere}", "seed=" + "9" * 5000, "x" * 10_000,
    "seed=" + "[" * 3000 + "]" * 3000,
)  # fmt: skip
SAMPLE = (
    "run=run", "run=/etc/passwd", "run=/dev/zero", "run=/dev/zero.ckpt", "run=..", "run=''", "run=a.ckpt", "n=0",
    "run=a.safetensors", "run=nowhere.safetensors", "run=run n=-1", "run=run n=abc", "run=run index=-1",
    "run=run devices=0", "run=run sampler._target_=os.getcwd", "run=run checkpoint=../last", "+hack=1",
    "run=run noise_level=7", "run=run shards=0", "run=run seed=9223372036854775808", "run=run n=null", "panel=Bob",
)  # fmt: skip
LOOK = (
    "noising=", "panel=Bob", "noising=Bob panel=Bob", "noising=/etc/passwd", "noising=/dev/zero.png",
    "noising=nobody.png", "noising=Bob data=array data.path=/dev/zero", "noising=Bob schedule.steps=0", "run=run",
    "run=run panel=Bob data=array", "run=/dev/zero panel=Bob", "noising=Bob n=0", "noising=Bob seed=-1",
)  # fmt: skip


def lines():
    """Every command as a list of words."""
    for word in WORDS:
        yield [*TRAIN.split(), *(word.split() if word.startswith("data=") else [word])]
    for words in SAMPLE:
        yield ["sample.py", *words.split(), "out=made"]
    for words in LOOK:
        yield ["look.py", *words.split(), "out=made"]
