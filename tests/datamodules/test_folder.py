"""`data=folder`: what is read, what is left out, and how mixed sizes meet."""

import numpy as np
import pytest
from PIL import Image
from rawfiles import gif, png

from datamodules.errors import DataError
from datamodules.folder import FolderData

RNG = np.random.default_rng(0)


def sprite(height=8, width=8):
    """RGBA with an opaque first pixel, so that no margin can be taken for a part of it."""
    pixels = RNG.integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[0, 0, 3] = 255
    return pixels * (pixels[..., 3:] > 0)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(pixels))
    return pixels


def folder(path, **options):
    return FolderData(str(path), **options)


def test_images_come_exactly_in_the_order_of_their_paths(tmp_path):
    expected = {name: save(tmp_path / f"{name}.png", sprite()) for name in "cab"}
    save(tmp_path / "B.PNG", sprite())
    sprites = folder(tmp_path).read()
    assert sprites.names == ("B", "a", "b", "c")
    assert (sprites.images[1:] == [expected[name] for name in "abc"]).all()
    assert sprites.labels is None
    assert sprites.groups is None
    assert sprites.notes == ()


@pytest.mark.parametrize(("depth", "red"), [(None, "orcs/red"), (1, "orcs"), (2, "orcs/red")])
def test_folders_are_labels(tmp_path, depth, red):
    for place in ("orcs/red/1", "orcs/2", "elves/3", "4"):
        save(tmp_path / "game" / f"{place}.png", sprite())
    sprites = folder(tmp_path / "game", label_depth=depth).read()
    labels = [sprites.label_names[label] for label in sprites.labels]
    assert dict(zip(sprites.names, labels, strict=True)) == {
        "orcs/red/1": red,
        "orcs/2": "orcs",
        "elves/3": "elves",
        "4": "game",
    }
    assert sprites.labels.dtype == np.int64


def test_one_folder_is_no_label(tmp_path):
    save(tmp_path / "orcs" / "1.png", sprite())
    save(tmp_path / "2.png", sprite())
    (tmp_path / "empty").mkdir()
    assert folder(tmp_path).read().labels is None
    assert folder(tmp_path).read().label_names == ()


SMALL, WIDE, TALL = (3, 5), (4, 9), (8, 2)


@pytest.fixture
def mixed(tmp_path):
    """Pictures of three sizes, one of them twice."""
    sizes = {"a": SMALL, "b": WIDE, "c": TALL, "d": WIDE}
    return tmp_path, [save(tmp_path / f"{name}.png", sprite(*sizes[name])) for name in sizes]


@pytest.mark.parametrize("fit", ["centre", "pad"])
def test_a_margin_up_to_the_largest(mixed, fit):
    path, pictures = mixed
    sprites = folder(path, fit=fit).read()
    assert sprites.images.shape == (4, 8, 9, 4)
    for picture, image in zip(pictures, sprites.images, strict=True):
        h, w = picture.shape[:2]
        top, left = ((8 - h) // 2, (9 - w) // 2) if fit == "centre" else (0, 0)
        assert (image[top : top + h, left : left + w] == picture).all()
        assert image.astype(int).sum() == picture.astype(int).sum()  # and nothing else is there
    assert sprites.notes == ("3 sizes were brought to 9 x 8 by a transparent margin.",)


def test_the_most_frequent_size(mixed):
    path, pictures = mixed
    sprites = folder(path, fit="select").read()
    assert (sprites.images == [pictures[1], pictures[3]]).all()
    assert sprites.notes == ("2 of 4 images are 9 x 4 and were chosen.",)
    with pytest.raises(DataError, match=r"data\.fit=stretch is unknown; choose one of centre"):
        folder(path, fit="stretch")


def test_a_margin_makes_opaque_pictures_rgba_and_only_that(tmp_path):
    for size in (8, 8):
        pixels = sprite(size, size)
        pixels[..., 3] = 255
        save(tmp_path / f"{RNG.integers(1000)}.png", pixels)
    assert folder(tmp_path).read().images.shape[-1] == 3
    save(tmp_path / "wide.png", sprite(8, 9))
    assert folder(tmp_path).read().images.shape[-1] == 4


def test_animations_are_groups_and_still_pictures_are_free(tmp_path):
    palette = RNG.integers(0, 256, 24)
    for name in ("a", "c"):
        frames = [(0, 0, RNG.integers(1, 8, (8, 8)), 1) for _ in range(5)]
        (tmp_path / f"{name}.gif").write_bytes(gif((8, 8), palette, frames))
    (tmp_path / "still.gif").write_bytes(gif((8, 8), palette, frames[:1]))
    save(tmp_path / "b.png", sprite())
    sprites = folder(tmp_path).read()
    assert sprites.names == (
        *(f"a#{k}" for k in range(5)),
        "b",
        *(f"c#{k}" for k in range(5)),
        "still",
    )
    groups = sprites.groups.tolist()
    assert len(set(groups[:5])) == len(set(groups[6:11])) == 1
    assert groups[0] != groups[6]
    assert groups[5] == groups[11] == -1
    alone = folder(tmp_path / "a.gif").read()
    assert (alone.images == sprites.images[:5, ..., : alone.images.shape[-1]]).all()


def test_enlarged_pictures_come_back_to_their_grid(tmp_path):
    small = [save(tmp_path / "kept" / f"{k}.png", sprite()) for k in range(6)]
    for k, pixels in enumerate(small):
        save(tmp_path / "all" / f"{k}.png", pixels.repeat(3, 0).repeat(3, 1))
        f = 4 if k == 2 else 1
        save(tmp_path / "one" / f"{k}.png", pixels.repeat(f, 0).repeat(f, 1))
    for name in ("kept", "all", "one"):
        assert (folder(tmp_path / name).read().images == small).all(), name
    assert "enlarged 3 times" in folder(tmp_path / "all").read().notes[0]
    assert "1 images were enlargements" in folder(tmp_path / "one").read().notes[0]


def test_what_is_left_out(tmp_path):
    save(tmp_path / "a" / "1.png", sprite())
    save(tmp_path / ".hidden" / "2.png", sprite())
    save(tmp_path / ".DS_Store.png", sprite())
    (tmp_path / "a" / "readme.txt").write_text("hello")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    save(tmp_path.parent / f"{tmp_path.name}-elsewhere" / "3.png", sprite())
    (tmp_path / "linked").symlink_to(tmp_path.parent / f"{tmp_path.name}-elsewhere")
    sprites = folder(tmp_path).read()
    assert sprites.names == ("a/1", "linked/3")
    assert sprites.notes == ("Files of other kinds were left out: 1 .txt.",)


def test_nothing_to_read(tmp_path):
    with pytest.raises(DataError, match="There is nothing at"):
        folder(tmp_path / "none").read()
    with pytest.raises(DataError, match="holds no PNG.*it is empty"):
        folder(tmp_path).read()
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    for path in (tmp_path, tmp_path / "a.jpg"):
        with pytest.raises(DataError, match=r"holds no PNG.*1 \.jpg.*save sprites as PNG"):
            folder(path).read()


def test_bad_pictures_are_named_all_at_once(tmp_path):
    for k in range(9):
        save(tmp_path / f"{k}.png", sprite())
    data = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"3\.png is damaged"):
        folder(tmp_path).read()
    Image.new("RGB", (8, 8)).save(tmp_path / "5.png", "JPEG")
    (tmp_path / "7.png").write_bytes(b"")
    with pytest.raises(DataError) as error:
        folder(tmp_path).read()
    assert "3 files cannot be read: " in str(error.value)
    assert "5.png is a JPEG" in str(error.value)
    assert "7.png is damaged" in str(error.value)
    assert str(error.value).endswith("save them again or remove them.")
    for k in range(9):
        (tmp_path / f"{k}.png").write_bytes(b"hello")
    with pytest.raises(DataError, match="9 files cannot be read: .*; and 4 more; save them again"):
        folder(tmp_path).read()


def test_a_preview_among_sprites_is_no_sprite(tmp_path):
    for k in range(24):
        save(tmp_path / f"{k:02}.png", sprite(16, 16))
    save(tmp_path / "preview.png", sprite(96, 128))
    sprites = folder(tmp_path).read()
    assert sprites.images.shape == (24, 16, 16, 4)
    assert sprites.notes == ("Far larger than the sprites and left out: preview.png (128 x 96).",)


def run_in(path):
    """What a run, its samples and a report leave behind, with a picture in each."""
    for name in ("a/.hydra/config.yaml", "b/checkpoints/last.ckpt", "b/metrics.csv"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("hello")
    for name in ("c/manifest.json", "c/sprites.npz", "d/report.json"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("{}")
    for name in "abcd":
        save(path / name / "png" / "1.png", sprite())


def test_what_this_program_wrote_is_no_data(tmp_path):
    run_in(tmp_path / "runs")
    for k in range(9):
        save(tmp_path / f"{k}.png", sprite())
    save(tmp_path / "checkpoints" / "mine.png", sprite())  # a name alone tells nothing
    sprites = folder(tmp_path).read()
    assert sprites.names == (*map(str, range(9)), "checkpoints/mine")
    expected = (
        "What this program wrote is no data and was left out: runs/a, runs/b, runs/c and 1 more."
    )
    assert sprites.notes[-1] == expected
    with pytest.raises(DataError, match="was written by this program and is no data; give the"):
        folder(tmp_path / "runs" / "a").read()
    with pytest.raises(DataError, match=r"its sprites are data=array data\.path=.*c/sprites\.npz"):
        folder(tmp_path / "runs" / "c").read()
    assert len(folder(tmp_path / "runs" / "c" / "png").read()) == 1


def test_backgrounds_go_before_margins_come(tmp_path):
    for k in range(12):
        pixels = sprite(6 + k % 3, 8)
        pixels[..., 3] = 255
        pixels[[0, -1]], pixels[:, [0, -1]] = (255, 0, 255, 255), (255, 0, 255, 255)
        save(tmp_path / f"{k:02}.png", pixels)
    kept = folder(tmp_path).read()
    assert (kept.images[0, 2, 2] == (255, 0, 255, 255)).all() or kept.images.shape[-1] == 4
    assert any("The flat colour ff00ff lies round" in note for note in kept.notes)
    for background in ("transparent", "ff00ff"):
        sprites = folder(tmp_path, background=background).read()
        assert not (sprites.images == (255, 0, 255, 255)).all(axis=-1).any()
        assert (sprites.images[:, [0, -1], :, 3] == 0).all()
    assert folder(tmp_path, background="keep").read().notes == kept.notes[1:]
    with pytest.raises(DataError, match=r"data\.background=magenta is unknown"):
        folder(tmp_path, background="magenta")
    with pytest.raises(DataError, match=r"data\.label_depth=-1 must be a whole number"):
        folder(tmp_path, label_depth=-1)


def test_one_large_picture_is_named_or_left_out(tmp_path):
    for k in range(3):
        save(tmp_path / f"{k}.png", sprite())
    save(tmp_path / "title.png", sprite(9, 257))
    for fit in ("centre", "pad"):
        with pytest.raises(DataError, match=r"title\.png is 257 x 9 and .* data\.fit=select"):
            folder(tmp_path, fit=fit).read()
    assert len(folder(tmp_path, fit="select").read()) == 3
    save(tmp_path / "credits.png", sprite(300, 8))
    with pytest.raises(DataError, match=r"credits\.png is 8 x 300, .*title\.png is .*remove them"):
        folder(tmp_path).read()


def test_real_folders(real):
    loose = folder(real("raw/loose_mixed")).read()
    assert loose.images.shape == (153, 40, 51, 4)
    for file, image in zip(sorted(real("raw/loose_mixed").glob("*")), loose.images, strict=True):
        picture = np.array(Image.open(file).convert("RGBA"))
        assert image[..., 3].astype(int).sum() == picture[..., 3].astype(int).sum()
    assert folder(real("raw/loose_palette16")).read().images.shape == (12, 16, 16, 4)
    modes = folder(real("raw/dcss_modes")).read()
    assert len(modes) == 32
    assert modes.notes[0].startswith("Far larger than the sprites and left out: ")
    assert "(416 x 416)" in modes.notes[0]
    assert folder(real("raw/dcss_modes"), fit="select").read().images.shape == (25, 32, 32, 4)


def test_real_animations(real):
    data = folder(real("raw/gif"))
    data.setup()
    assert len(data.sprites) == 6 + 11 + 8 + 21 + 11 + 7
    assert data.card["groups"] == 6
    for file in sorted(real("raw/gif").glob("*.gif")):
        with Image.open(file) as image:
            assert folder(file).read().images.shape[:3] == (image.n_frames, *image.size[::-1])


def test_the_whole_disk_is_no_folder_of_sprites(tmp_path, monkeypatch):
    monkeypatch.setattr("datamodules.files.folders.MAX_ENTRIES", 20)
    for k in range(30):
        (tmp_path / f"{k}").mkdir()
    with pytest.raises(DataError, match="more than 20 files and folders; give the folder of"):
        FolderData(str(tmp_path), batch_size=8).setup()
