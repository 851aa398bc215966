"""What a page computes beside the network: who it could be, whether it is new, files of it."""

import io

import numpy as np
import pytest
import torch
from innode import in_node

from diffusion.exact.posterior import Posterior, band, candidates, in_words
from diffusion.novelty.passport import Passport, Verdict
from diffusion.novelty.relatives import Relation, bases_of, relatives
from diffusion.pixels import PixelCodec
from diffusion.schedules.cosine import Cosine


def some(n, channels=4, side=12, seed=0):
    """Sprites on a ground: transparent, or of one colour; the last one fills its canvas."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, channels, side, side), np.uint8)
    if channels < 4:
        images[:] = rng.integers(0, 256, (n, channels, 1, 1))
    for image in images:
        top, left = rng.integers(1, 4, 2)
        inner = image[:, top : top + 6, left : left + 6]
        inner[:] = rng.integers(0, 256, inner.shape)
        if channels == 4:
            inner[3] = 255
    images[-1] = rng.integers(1, 256, images[-1].shape)
    return torch.from_numpy(images)


def bytes_of(images):
    return images.permute(0, 2, 3, 1).contiguous().flatten().tolist()


def test_who_it_could_be_is_what_python_says():
    images = some(40)
    clean = PixelCodec().encode(images)
    exact, noise = (
        Posterior(clean),
        torch.randn(4, 12, 12, generator=torch.Generator().manual_seed(0)),
    )
    levels, expected, counts = [], [], []
    for t in (0.1, 0.5, 0.8, 0.97):
        alpha, sigma = Cosine()(torch.tensor(t, dtype=torch.float64))
        x = (alpha * clean[3] + sigma * noise).float()[None]
        expected.append(exact.probabilities(x, alpha, sigma)[0])
        counts.append(float(candidates(expected[-1][None])))
        levels.append({"alpha": float(alpha), "sigma": float(sigma)})
        levels[-1]["x"] = x[0].permute(1, 2, 0).flatten().tolist()
    body = """
    const sprites = fromBytes(Uint8Array.from(given.images)), found = [];
    for (const level of given.levels) {
      const shares = posterior(Float32Array.from(level.x), sprites, 40, level);
      const count = candidates(shares);
      found.push(...shares, count, bandOf(count, 40), likeliest(shares)[0]);
    }
    write("found", Float64Array.from(found));"""
    found = in_node(body, {"images": bytes_of(images), "levels": levels}, np.float64).reshape(
        4, 43
    )
    for row, shares, count in zip(found, expected, counts, strict=True):
        np.testing.assert_allclose(row[:40], shares, atol=1e-9)
        assert row[40] == pytest.approx(count, rel=1e-9)
        bands = ["that is", "probably", "one of", "no idea"]
        assert bands[int(row[41])] == band(count, 40)
        assert row[42] == int(shares.argmax())


@pytest.mark.parametrize("count", [1.0, 1.2, 2.0, 2.4, 3.0, 3.6, 4.2, 9.0, 19.0, 25.0])
def test_words_are_those_of_python(count):
    names = ["Bob", "Fred", "Nancy", "Ann", "Tom"]
    body = """write("found", new TextEncoder().encode(inWords(given.count, 40, given.names)))"""
    found = in_node(body, {"count": count, "names": names}, np.uint8)
    assert found.tobytes().decode() == in_words(count, 40, names)


VERDICTS = """
const training = new Training(Uint8Array.from(given.images), given.n, given);
const found = [], size = given.channels * given.height * given.width;
for (let k = 0; k < given.samples.length / size; k++) {
  const image = Uint8ClampedArray.from(given.samples.slice(k * size, (k + 1) * size));
  for (const {row, distance} of training.nearest(image)) found.push(row, distance);
  const names = ["copy", "shifted", "mirrored", "variant", "new"];
  found.push(names.indexOf(training.verdict(image, given.limits).verdict));
}
write("found", Float64Array.from(found));"""


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_nearest_and_the_verdict_are_those_of_novelty(channels):
    images = some(30, channels)
    near = images[5].clone()
    near[0, 5:7, 5:7] ^= 255
    samples = torch.stack(
        [
            images[4],
            torch.roll(images[7], (1, -1), (1, 2)),
            torch.roll(images[9].flip(-1), 1, 1),
            near,
            images[-1],
            *some(4, channels, seed=9),
        ]
    )
    bases = bases_of(images)
    theirs = relatives(samples, lambda: [images], bases)
    unseen = relatives(some(60, channels, seed=5), lambda: [images], bases).distance
    passport = Passport(lambda: [images], bases, unseen)
    repeats, unusual = passport.moved_limits
    given = {"images": bytes_of(images), "n": 30, "samples": bytes_of(samples)}
    given |= {"channels": channels, "height": 12, "width": 12}
    given |= {"limits": {"repeats": repeats, "unusual": unusual}}
    found = in_node(VERDICTS, given, np.float64).reshape(len(samples), 7)
    for column in (Relation.COPY, Relation.SHIFTED, Relation.MIRRORED):
        np.testing.assert_allclose(found[:, 2 * column + 1], theirs.distance[:, column], rtol=1e-9)
        assert found[:, 2 * column].tolist() == theirs.row[:, column].tolist()
    moved = theirs.distance.clone()
    moved[:, Relation.RECOLOURED :] = torch.inf  # what the page does not look for
    theirs = passport.findings(type(theirs)(moved, theirs.row)).verdict
    names = [Verdict.COPY, Verdict.SHIFTED, Verdict.MIRRORED, Verdict.VARIANT, Verdict.NEW]
    assert [names[int(k)] for k in found[:, 6]] == list(theirs)
    assert {Verdict.COPY, Verdict.SHIFTED, Verdict.MIRRORED} <= set(theirs)


def test_sprites_npz_of_a_page_is_read_by_numpy():
    images = some(3)
    body = """
    const sprite = (image, k) => ({image: Uint8ClampedArray.from(image), seed: 7, index: 40 + k});
    const kept = given.images.map(sprite);
    const blob = npz(kept, {channels: 4, height: 12, width: 12});
    write("found", new Uint8Array(await blob.arrayBuffer()));"""
    given = {"images": [bytes_of(image[None]) for image in images]}
    found = np.load(io.BytesIO(in_node(body, given, np.uint8, scripts=("files.js",)).tobytes()))
    np.testing.assert_array_equal(found["images"], images.permute(0, 2, 3, 1))
    assert found["seeds"].tolist() == [7, 7, 7]
    assert found["indices"].tolist() == [40, 41, 42]


def test_bytes_are_rounded_as_the_codec_does():
    x = torch.linspace(-1.2, 1.2, 4 * 5 * 99).view(99, 4, 1, 5)
    halves = torch.arange(0, 255).div(127.5).sub(1).add(0.5 / 127.5)[:252].view(63, 4, 1, 1)
    for values, hard in ((x, True), (x, False), (halves, False)):
        ours = PixelCodec(hard).decode(values).permute(0, 2, 3, 1).flatten().tolist()
        given = {"x": values.permute(0, 2, 3, 1).flatten().tolist(), "hard": hard}
        body = """write("found", new Uint8Array(
            toBytes(Float32Array.from(given.x), {channels: 4, hard_alpha: given.hard})))"""
        assert in_node(body, given, np.uint8).tolist() == ours
