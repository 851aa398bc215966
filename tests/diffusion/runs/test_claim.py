"""The first process that claims a directory has it, and nobody takes away what is not theirs."""

from pathlib import Path

import pytest
from otherprocess import fork, in_another_process

from diffusion.errors import UserError
from diffusion.runs.claim import Claim


@pytest.fixture(autouse=True)
def _given_back():
    yield
    Claim.give_all_back()


def claim_and_end(path):
    Claim.of(path)
    Claim.give_all_back()
    return "claimed"


def test_a_second_process_is_refused_and_leaves_the_directory(tmp_path):
    Claim.of(tmp_path / "runs" / "a")
    assert "in use" in in_another_process(claim_and_end, tmp_path / "runs" / "a")
    assert (tmp_path / "runs" / "a").is_dir()
    Claim.give_all_back()
    assert in_another_process(claim_and_end, tmp_path / "runs" / "a") == "claimed"


def test_a_process_has_one_claim_on_a_directory(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert Claim.of(tmp_path / "a") is Claim.of(tmp_path / "b" / ".." / "a")
    assert Claim.of(tmp_path / "link") is Claim.of(tmp_path / "a")


def test_what_was_made_and_left_empty_is_taken_away(tmp_path):
    (tmp_path / "runs").mkdir()
    Claim.of(tmp_path / "runs" / "sweep" / "a")
    Claim.give_all_back()
    assert [path.name for path in tmp_path.rglob("*")] == ["runs"]


@pytest.mark.parametrize("before", [True, False])
def test_what_others_made_or_use_stays(tmp_path, before):
    if before:
        (tmp_path / "a").mkdir()
    Claim.of(tmp_path / "a")
    if not before:
        (tmp_path / "a" / "file").touch()
    Claim.give_all_back()
    assert (tmp_path / "a").is_dir()


def test_a_claim_knows_when_its_directory_was_replaced(tmp_path):
    claim = Claim.of(tmp_path / "a")
    assert claim.holds()
    (tmp_path / "a").rename(tmp_path / "b")
    assert not claim.holds()
    (tmp_path / "a").mkdir()
    assert not claim.holds()


def test_where_no_directory_can_be_that_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be used as a directory"):
        Claim.of(tmp_path / "file" / "a")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at all")
    for path in (tmp_path / "link", Path("/proc/nowhere")):
        with pytest.raises(UserError, match="cannot be"):
            Claim.of(path)


def starts(path, gate, winners):
    gate.wait()
    try:
        claim = Claim(path)
    except UserError:
        claim = None
    if claim:
        winners.put(1)
    gate.wait()  # the winner holds on until all have tried


def one_wins(folder, count, rounds):
    gate, winners = fork.Barrier(count), fork.Queue()
    for k in range(rounds):
        processes = [
            fork.Process(target=starts, args=(folder / str(k), gate, winners))
            for _ in range(count)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert winners.get() == 1
        assert winners.empty()


def test_of_many_that_start_at_once_one_wins(tmp_path):
    one_wins(tmp_path, 20, 3)


@pytest.mark.processes
@pytest.mark.nightly
def test_of_a_hundred_that_start_at_once_one_wins(tmp_path):
    one_wins(tmp_path, 100, 1)
