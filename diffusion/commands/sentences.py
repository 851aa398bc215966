"""What the figures at the end of a run mean, for who reads such figures for the first time."""

from collections.abc import Mapping, Sequence

from diffusion.judge import who_is_new

GUESS = 0.57  # judges who are right less often may have guessed: see `told_apart.WIDEST`
EASILY = 0.75
LONGER = "The loss of unseen sprites is still about its lowest, so longer training may help."
NOTHING_YET = "Train longer."
RISEN = 1.01  # times its lowest value: the loss of unseen sprites has ceased to fall


def closing_sentences(summary: Mapping[str, float], n: int, lowest_loss: float) -> list[str]:
    """How new the sprites of a run are, how real they look, and what to do next.

    Args:
        summary: what was measured, by its keys.
        n: number of samples.
        lowest_loss: the lowest `val/loss` of the whole run.

    Returns:
        two to four sentences; none where no samples were measured.
    """
    if "samples/copy_rate" not in summary:
        return []
    repeats = _repeats(summary, n)
    if summary["samples/copying"]:
        return [
            f"They copy: {repeats}",
            "How real they look says little then, for copies look real.",
            "A smaller model, fewer steps or more sprites would help.",
        ]
    if nothing := _no_sprites(summary):
        return [nothing, "That they show no sign of copying says little then.", NOTHING_YET]
    found = [f"No sign of copying: {repeats}", *_likeness(summary)]
    if "val/loss" not in summary:
        return [
            *found,
            "No sprites were held out, so nothing tells how real they look but your eye; the run "
            "that held some out says that of its own.",
        ]
    if summary.get("samples/told_apart", 1) < GUESS:
        return found
    if summary["val/loss"] > RISEN * lowest_loss:
        return [
            *found,
            "The loss of unseen sprites was lower before, so more sprites are likely to help more "
            "than longer training.",
        ]
    return [*found, LONGER]


def asks_for_time(sentences: Sequence[str]) -> bool:
    """Whether these end in the advice to train longer."""
    return sentences[-1:] in ([NOTHING_YET], [LONGER])


def _repeats(summary: Mapping[str, float], n: int) -> str:
    count = round(summary["samples/copy_rate"] * n)
    repeat = f"{count} of {n} repeat" if count else f"none of {n} repeats"
    real = f"{who_is_new(summary)} {summary['held_out/copy_rate']:.1%}"
    return f"{repeat} a training sprite, and of {real} seem to."


def _no_sprites(summary: Mapping[str, float]) -> str:
    """What is no sprite and yet as near to real ones; empty if there is nothing of the kind."""
    named = {"noise": "plain noise", "mean": "the mean of all sprites, over and over,"}
    known = {
        words: summary[f"{kind}/sprite_fd"]
        for kind, words in named.items()
        if f"{kind}/sprite_fd" in summary
    }
    if not known or summary["samples/sprite_fd"] < min(known.values()):
        return ""
    nearest = min(known, key=lambda words: known[words])
    return (
        f"These are no sprites yet: by the sprite distance {nearest} is no farther from real ones."
    )


def _likeness(summary: Mapping[str, float]) -> list[str]:
    """How well they are told from real ones; where that is not known, how far they are."""
    told = summary.get("samples/told_apart")
    if told is not None:
        cases = f"networks that learned to are right in {told:.0%} of cases, a guess in 50%."
        if told < GUESS:
            return [f"They are hardly to be told from real ones: {cases}"]
        easily = "easy to tell" if told >= EASILY else "sometimes told"
        return [f"They are {easily} from real ones: {cases}"]
    if {"samples/sprite_fd", "held_out/sprite_fd"} <= summary.keys():
        times = summary["samples/sprite_fd"] / summary["held_out/sprite_fd"]
        return [
            f"Their sprite distance is {times:.1f} times that of unseen real sprites; about 1 "
            "would be as good as real."
        ]
    return []
