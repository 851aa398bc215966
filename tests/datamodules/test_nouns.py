"""`data=nouns`: composed characters are valid, and the nearest is found without exception."""

import numpy as np
import pytest
import torch

from datamodules.errors import DataError
from datamodules.nouns import LAYERS, Layers, NounsData, read_layers

COUNTS = (3, 4, 5, 2)


def small_layers(seed=0):
    """8x8: glasses in rows 2 and 3, bodies and accessories from row 5 on, heads above row 7."""
    rng = np.random.default_rng(seed)
    layers = []
    for count, (top, bottom), share in zip(
        COUNTS, ((5, 8), (5, 8), (0, 7), (2, 4)), (1, 0.4, 0.5, 0.9), strict=True
    ):
        part = rng.integers(0, 256, (count, 8, 8, 4), dtype=np.uint8)
        solid = rng.random((count, 8, 8)) < share
        solid[:, :top] = solid[:, bottom:] = False
        part[..., 3] = 255 * solid
        layers.append(part * solid[..., None])
    return layers


def every():
    return np.stack(np.meshgrid(*map(np.arange, COUNTS), indexing="ij"), -1).reshape(-1, 4)


def squares(sprites, others):
    differences = sprites[:, None].astype(int) - others[None]
    return np.square(differences).sum((2, 3, 4))


def tensor(images):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def save(folder, **changed):
    arrays = dict(zip(LAYERS, small_layers(), strict=True)) | changed
    arrays = {name: array for name, array in arrays.items() if array is not None}
    np.savez(folder / "layers.npz", **arrays)
    return folder / "layers.npz"


@pytest.fixture
def data(tmp_path):
    """20 of the 120 characters, and one sprite that is none."""
    images = Layers(*small_layers()).compose(every()[::6])
    images[7, 0, 0] = (1, 2, 3, 255)
    np.savez(tmp_path / "sprites.npz", images=images)
    data = NounsData(str(tmp_path / "sprites.npz"), str(save(tmp_path)))
    data.setup()
    return data


def test_layers_lie_over_one_another():
    layers, numbers = small_layers(), np.array([1, 2, 3, 0])
    made = Layers(*layers).compose(numbers[None])[0]
    from_top = [layer[number] for layer, number in zip(layers, numbers, strict=True)][::-1]
    for place in np.ndindex(8, 8):
        expected = next((part[place] for part in from_top if part[place][3]), (0, 0, 0, 0))
        assert tuple(made[place]) == tuple(expected)


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_equals_brute_force_over_all_combinations(seed):
    layers, rng = Layers(*small_layers(seed)), np.random.default_rng(seed)
    all_of_them = layers.compose(every())
    harmed = all_of_them[::5] + rng.normal(0, 60, all_of_them[::5].shape)
    noise = rng.integers(0, 256, (20, 8, 8, 4))
    sprites = np.concatenate([harmed.clip(0, 255), noise]).astype(np.uint8)
    numbers, found = layers.nearest(sprites)
    expected = squares(sprites, all_of_them)
    assert (found == expected.min(1)).all()
    direct = np.square(sprites.astype(int) - layers.compose(numbers)).sum((1, 2, 3))
    assert (direct == found).all()


def test_every_character_is_at_distance_0_from_itself():
    layers = Layers(*small_layers())
    sprites = layers.compose(every())
    numbers, found = layers.nearest(sprites)
    assert not found.any()
    assert (layers.compose(numbers) == sprites).all()


def test_validity_counts_what_is_exact_and_what_is_new(data):
    trained = data.sprites.images[data.split["train"]]
    trained = trained[data.layers.nearest(trained)[1] == 0][:6]
    known = {sprite.tobytes() for sprite in data.sprites.images}
    strange = data.layers.compose(every())
    strange = np.stack([sprite for sprite in strange if sprite.tobytes() not in known])[:3]
    wrong = trained[:3].copy()
    wrong[:, 4, 4, :3] ^= 1
    wrong[:, 4, 4, 3] = 255
    found = data.validity(tensor(np.concatenate([trained, strange, wrong])))
    assert found["valid"] == 9 / 12
    assert found["valid_new"] == 3 / 9
    assert found["valid_distance"] > 0


def test_the_distance_is_the_root_mean_square_of_all_values(data):
    sprite = data.layers.compose(every()[:1])
    sprite[0, 6, 3, 0] ^= 1
    found = data.validity(tensor(sprite))
    assert found["valid"] == 0
    assert found["valid_distance"] == pytest.approx(1 / 16)
    assert "valid_new" not in found


def test_no_sprites_have_no_scores(data):
    assert data.validity(torch.zeros(0, 4, 8, 8, dtype=torch.uint8)) == {}


def test_made_sprites_of_another_shape_are_refused(data):
    with pytest.raises(DataError, match="8 x 8"):
        data.validity(torch.zeros(2, 4, 16, 16, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"glasses": None}, "'glasses'"),
        ({"bodies": None}, "'bodies'"),
        ({"heads": np.zeros((2, 8, 8, 3), np.uint8)}, "'heads'"),
        ({"heads": np.zeros((2, 9, 8, 4), np.uint8)}, "'heads'"),
        ({"heads": np.zeros((2, 8, 8, 4), np.float32)}, "'heads'"),
        ({"accessories": np.full((2, 8, 8, 4), 128, np.uint8)}, "'accessories'"),
        ({"glasses": np.full((2, 8, 8, 4), 255, np.uint8)}, "reach over a body"),
        ({"heads": np.array([{}])}, "pickled"),
    ],
)
def test_files_that_hold_no_layers_are_refused_in_a_sentence(tmp_path, changed, word):
    with pytest.raises(DataError, match=word):
        read_layers(save(tmp_path, **changed))


def test_missing_damaged_and_foreign_files_are_refused_in_a_sentence(tmp_path):
    layers, damaged = save(tmp_path), tmp_path / "damaged.npz"
    np.savez(tmp_path / "other.npz", images=np.zeros((9, 16, 16, 4), np.uint8))
    damaged.write_bytes(layers.read_bytes()[:-200])
    for path, layer, word in (
        ("other.npz", "absent.npz", "check data.layers"),
        ("other.npz", "damaged.npz", "damaged"),
        ("other.npz", "layers.npz", "belong together"),
        ("layers.npz", "layers.npz", "called 'images'"),
    ):
        with pytest.raises(DataError, match=word):
            NounsData(str(tmp_path / path), str(tmp_path / layer)).read()


def test_all_published_nouns_are_composed_of_the_layers(real):
    layers = read_layers(real("nouns_parts_32.npz"))
    with np.load(real("nouns_32.npz")) as file:
        images, parts = file["images"], file["parts"].astype(np.int64)
    for start in range(0, len(images), 2000):
        part = slice(start, start + 2000)
        assert (layers.compose(parts[part]) == images[part]).all()
    numbers, found = layers.nearest(images[::400])
    assert not found.any()
    assert (numbers[:, 2:] == parts[::400, 2:]).all()


def test_no_real_combination_is_nearer_than_the_one_found(real):
    """Against 4,000 others each: those that differ in one part, and any."""
    layers, rng = read_layers(real("nouns_parts_32.npz")), np.random.default_rng(0)
    counts = [len(part) for part in layers.parts]
    sprites = layers.compose(rng.integers(0, counts, (6, 4)))
    sprites = (sprites + rng.normal(0, 80, sprites.shape)).clip(0, 255).astype(np.uint8)
    numbers, found = layers.nearest(sprites)
    for sprite, number, least in zip(sprites, numbers, found, strict=True):
        rivals = [rng.integers(0, counts, (200, 4))]
        for part, count in enumerate(counts):
            rivals.append(np.repeat(number[None], count, 0))
            rivals[-1][:, part] = np.arange(count)
        assert squares(sprite[None], layers.compose(np.concatenate(rivals))).min() == least
