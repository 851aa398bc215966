"""The sprites that a run was trained on, found again in the user's own files."""

from typing import Any

from datamodules.rules import CHANGED, READER, as_before
from diffusion.errors import UserError
from diffusion.runs.building import build


def training_data(
    card: dict[str, Any], moved_to: str | None = None, trust: tuple[str, ...] = ()
) -> Any:
    """The SpriteDataModule that a checkpoint was trained on, set up.

    Args:
        card: of the checkpoint.
        moved_to: where the files are now, if not where they were during training.
        trust: packages beside this project's own whose classes the card may name.

    Raises:
        DataError: the files are gone or unreadable.
        UserError: they are not what they were during training, or nobody says where they are.
    """
    if "config" not in card:
        raise UserError(
            "An exported model does not say where its training data is; give the run it is from."
        )
    seed = card["config"]["seed"]
    source = as_before(card["config"]["data"], card["data"].get("reader", 1))
    if moved_to is not None:
        if "path" not in source:
            raise UserError("This run's sprites come from no file; leave out data.path=.")
        source = source | {"path": str(moved_to)}
    data = build(source | {"seed": seed}, packages=("datamodules", *trust))
    data.setup()
    if data.card["fingerprint"] != card["data"]["fingerprint"]:
        if moved_to is not None:
            raise UserError(
                f"data.path={moved_to} holds other sprites than this run was trained on; give "
                "where those are."
            )
        raise changed(card["data"].get("reader", 1))
    return data


def changed(reader: int) -> UserError:
    """The refusal of data that is not what a run was trained on; what else may be the reason."""
    rules = "" if reader >= READER else f" Or it is read by other rules now: {'; '.join(CHANGED)}."
    return UserError(
        "The training data has changed since this run was trained; where it is as it was, give "
        f"data.path=...{rules}"
    )
