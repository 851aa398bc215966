"""Laws of the nearest training sprite."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from diffusion.metrics.novelty import nearest


def sprites(n, seed, shape=(4, 6, 5)):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, *shape), generator=generator, dtype=torch.uint8)


def brute_force(samples, reference):
    difference = samples[:, None].double() - reference[None].double()
    square = difference.square().mean(dim=(2, 3, 4))
    return square.argmin(1), square.min(1).values.sqrt()


@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 17), st.integers(0, 99))
def test_equals_brute_force(n, m, chunk, seed):
    samples, reference = sprites(n, seed), sprites(m, seed + 1)
    rows, distances = nearest(samples, reference.split(chunk))
    _, expected = brute_force(samples, reference)
    torch.testing.assert_close(distances, expected)
    direct = samples.double() - reference[rows].double()
    torch.testing.assert_close(direct.square().mean(dim=(1, 2, 3)).sqrt(), expected)


def test_every_planted_copy_is_found_at_distance_zero():
    reference = sprites(500, 0)
    rows, distances = nearest(reference[[7, 499, 0]], reference.split(64))
    assert rows.tolist() == [7, 499, 0]
    assert distances.tolist() == [0, 0, 0]


def test_one_step_of_one_pixel_is_told_from_a_copy():
    reference = sprites(300, 1)
    near = reference[[5]].clone()
    near[0, 0, 0, 0] ^= 1
    rows, distances = nearest(near, [reference])
    assert rows.item() == 5
    assert 0 < distances.item() < 0.1
