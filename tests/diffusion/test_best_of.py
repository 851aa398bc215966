"""The best of many: the more real are kept, repeats and twins are not."""

import numpy as np
import pytest
import torch

from datamodules.forge import ForgeData
from diffusion.best_of import best_of, check_candidates
from diffusion.errors import UserError
from diffusion.judge import Judge

pytestmark = pytest.mark.usefixtures("short_judges")


@pytest.fixture(scope="module")
def judge():
    data = ForgeData(n=1500)
    data.setup()
    return Judge.of(data, {}, 1)


def test_real_sprites_are_kept_and_copies_twins_and_rubbish_are_not(judge):
    unseen = judge.data.images(judge.data.split["test"])[:60]
    drawn = torch.Generator().manual_seed(0)
    rubbish = unseen.flatten(2)[:, :, torch.randperm(256, generator=drawn)].view_as(unseen)
    copies = judge.data.images(judge.rows[:20])
    candidates = torch.cat([unseen, rubbish, copies, unseen[:5]])
    found = best_of(candidates, 60, judge, torch.zeros(len(candidates)))
    assert sorted(each.index for each in found) == list(range(len(candidates)))
    kept = [each.index for each in found if each.kept]
    assert len(kept) <= 60
    assert np.mean([60 <= index < 120 for index in kept]) < 0.2, "rubbish"
    assert not any(120 <= index < 140 for index in kept), "copies"
    assert not any(twin in kept and twin - 140 in kept for twin in range(140, 145))
    why = {each.index: each.why for each in found}
    assert all(
        why[index].startswith("a training sprite again (copy)") for index in range(120, 140)
    )
    looks = [each.realness for each in found if each.kept]
    assert looks == sorted(looks, reverse=True)


def test_each_label_keeps_its_share_and_what_surprises_the_network_comes_last(judge):
    unseen = judge.data.images(judge.data.split["test"])[:100]
    labels = torch.arange(100) % 4 // 3  # three of the first to one of the second
    surprises = torch.zeros(100)
    surprises[40:] = 1 + torch.arange(60)
    found = best_of(unseen, 40, judge, surprises, labels)
    kept = [each.index for each in found if each.kept]
    told = torch.bincount(labels[kept], minlength=2).tolist()
    assert abs(told[1] - len(kept) / 4) <= 2
    median = {kind: surprises[labels == kind].median() for kind in (0, 1)}
    sure = [k for k in kept if surprises[k] <= median[int(labels[k])]]
    assert kept[: len(sure)] == sure, "those that surprise come after all others"
    whys = {each.why for each in found if not each.kept}
    assert "unlikely to the network" in whys


def test_where_there_is_too_little_to_learn_from_it_is_said(judge):
    with pytest.raises(UserError, match="of=79 is too few"):
        check_candidates(79, judge)
    few = ForgeData(n=100)
    few.setup()
    with pytest.raises(UserError, match="there are 10, and 40 are the least"):
        check_candidates(1000, Judge.of(few, {}, 1))
