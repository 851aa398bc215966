"""The page in which a network lives, in real browsers: every gesture, and nothing asked of anyone.

Its numbers are compared with Python's in tests/diffusion/living.
"""

import json
import shlex
import time
from base64 import b64encode

import numpy as np
import pytest
import torch
from browsers import browser, firefox, nothing_went_wrong, sized  # noqa: F401
from hydra.core.override_parser.overrides_parser import OverridesParser

from diffusion.commands.typed import collected
from diffusion.living.gallery import Shown, gallery
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.runs.loading import load

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = pytest.mark.processes

WORDS = "model.classes=true prediction=palette sampler=dpm_solver sampler.steps=5 schedule=cosine"


@pytest.fixture(scope="module")
def pages(smoke_runs, tmp_path_factory):
    """A run, its page, and one without the training sprites; and a page of a run that learned
    attributes; by forked commands."""
    import os

    from conftest import run_in_child

    folder = tmp_path_factory.mktemp("living")
    (folder / "run").symlink_to(smoke_runs(WORDS))
    (folder / "parts").symlink_to(smoke_runs(WORDS.replace("true", "attributes")))
    for words in (
        "run=run page=whole.html",
        "run=run page=bare.html page_sprites=false page_weights=f16",
        "run=parts page=parts.html",
    ):
        child = os.fork()
        if child == 0:
            try:
                os.chdir(folder)
                os._exit(run_in_child("sample.py", words.split(), folder))
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0, (folder / ".err").read_text()
    return folder


@pytest.fixture
def opened(browser, pages):  # noqa: F811
    """Opens a page and waits until it is awake; afterwards nothing may have gone wrong."""

    def open_page(name, width=1280, colours="light", forget=True):
        sized(browser, width, colours=colours)
        browser.get((pages / f"{name}.html").as_uri())
        if forget:
            browser.execute_script("localStorage.clear()")
            browser.refresh()
        until(browser, "return document.documentElement.dataset.ready === 'true'")
        return browser

    browser.get_log("browser")
    yield open_page
    assert browser.find_element(By.ID, "trouble").text == ""
    nothing_went_wrong(browser)


def until(page, script, *arguments):
    WebDriverWait(page, 120).until(lambda it: it.execute_script(script, *arguments))


def text(page, name):
    return page.find_element(By.ID, name).text


def level(page, value):
    page.execute_script(
        "const it = document.getElementById('level'); it.value = arguments[0];"
        "it.dispatchEvent(new Event('input'))",
        value,
    )
    until(page, "return !looking && !again")


def pixels(page, script):
    """Bytes of sprites that a script finds, as `(n, bytes)`."""
    found = page.execute_script(f"return ({script}).map((sprite) => [...sprite.image])")
    return np.array(found, np.uint8)


def test_it_wakes_up_with_sprites_that_are_those_of_sample_py(opened, command, pages, tmp_path):
    page = opened("whole")
    until(page, "return bench.made.length === 16 && bench.made.every((it) => it.verdict)")
    made = pixels(page, "bench.made")
    numbers = page.execute_script("return bench.made.map(({index}) => index)")
    (tmp_path / "run").symlink_to(pages / "run")
    assert command(f"sample.py run=run n={max(numbers) + 1} out=s").code == 0
    with np.load(tmp_path / "s" / "sprites.npz") as file:
        theirs = file["images"][numbers]
        labels = file["labels"][numbers].tolist()
    differing = (made.reshape(theirs.shape) != theirs).any(-1)
    assert differing.sum() <= 2
    assert page.execute_script("return bench.made.map(({label}) => label)") == labels
    theirs = json.loads((tmp_path / "s" / "manifest.json").read_text())
    names = page.execute_script("return bench.made.map(({verdict}) => verdict.verdict)")
    ours = [theirs[k]["verdict"] for k in numbers]
    for verdict, seen in zip(ours, names, strict=True):
        assert verdict in ("recoloured", "retouched", seen)


def test_the_lesson_is_pulled_through_by_hand(opened):
    page = opened("whole")
    tabs = page.find_elements(By.CSS_SELECTOR, ".steps button")
    assert len(tabs) == 5
    assert "This is Bob" in text(page, "step-text")
    level(page, 0)
    assert text(page, "words") == "100% sprite, 0% noise."
    tabs[1].click()
    until(page, "return document.querySelectorAll('#suspects li').length === 5")
    assert "that is Bob" in text(page, "words")
    level(page, 100)
    assert "no idea" in text(page, "words")
    tabs[2].click()
    thought = page.find_element(By.ID, "thought")
    assert thought.is_displayed()
    page.find_element(By.ID, "schedule").send_keys("linear")
    until(page, "return lesson.schedule === 'linear' && !looking")
    page.find_element(By.ID, "shuffle").click()
    page.find_element(By.ID, "other").click()
    until(page, "return document.getElementById('clean-name').textContent !== 'Bob' && !looking")
    page.find_element(By.ID, "play").click()
    until(page, "return document.getElementById('level').value !== '100'")
    tabs[3].click()
    level(page, 40)
    page.find_element(By.ID, "go-on").click()
    until(page, "return document.getElementById('words').textContent.startsWith('From 40%')")
    page.find_element(By.ID, "next").click()
    page.find_element(By.ID, "from-nothing").click()
    until(page, "return document.getElementById('words').textContent.startsWith('The first of')")
    assert len(page.find_elements(By.CSS_SELECTOR, "#finished button")) == 8
    assert not page.find_element(By.ID, "next").is_enabled()


def test_what_is_kept_survives_and_is_made_again_by_sample_py(opened, command, pages, tmp_path):
    page = opened("whole")
    cells = page.find_elements(By.CSS_SELECTOR, "#made button")
    cells[0].click()
    cells[0].send_keys("k")
    cells[0].send_keys(Keys.ARROW_RIGHT)
    page.switch_to.active_element.send_keys("k")
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    page.switch_to.active_element.send_keys("x")
    assert text(page, "count") == "2"
    assert len(page.find_elements(By.CSS_SELECTOR, ".is-rejected")) == 1
    page.find_element(By.ID, "guidance").send_keys("2")
    page.find_element(By.ID, "label").send_keys("knight")
    page.find_element(By.ID, "temperature").send_keys("plain")
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 32 && !bench.busy")
    page.execute_script("keep(bench.made[0])")
    page.find_element(By.ID, "like").click()
    until(page, "return bench.made.length === 40 && !bench.busy")
    page.execute_script("keep(bench.made[0])")
    assert "1 of them were steered" in text(page, "shelf-note")
    kept, json_text = pixels(page, "bench.kept"), page.execute_script("return keptJson()")
    assert [each.get("temperature") for each in json.loads(json_text)["sprites"]] == [
        None,
        None,
        0.5,
    ]
    again = opened("whole", forget=False)
    assert text(again, "count") == "4"
    np.testing.assert_array_equal(pixels(again, "bench.kept"), kept)
    assert len(again.find_elements(By.CSS_SELECTOR, "#made .is-kept")) == 2  # made anew, the same
    again.execute_script("keep(bench.made[0])")
    assert text(again, "count") == "3"
    again.execute_script("keep(bench.made[0])")

    (tmp_path / "run").symlink_to(pages / "run")
    (tmp_path / "kept.json").write_text(json_text)
    result = command("sample.py run=run kept=kept.json png=true")
    assert result.code == 0, result.err
    with np.load(tmp_path / "run" / "kept" / "sprites.npz") as file:
        differing = (file["images"] != kept[:3].reshape(3, 16, 16, 4)).any(-1)
    assert differing.sum() <= 2
    rows = json.loads((tmp_path / "run" / "kept" / "manifest.json").read_text())
    assert [row["sampler"].get("temperature", 1.0) for row in rows] == [1.0, 1.0, 0.5]
    assert "made already" in command("sample.py run=run kept=kept.json png=true").out
    twice = json.loads(json_text)  # one index kept under two labels, in two visits
    one = {"seed": 0, "index": 5, "guidance": 1}
    twice["sprites"] = [one | {"label": "mage"}, one | {"label": "knight"}, one | {"label": None}]
    for temperature in ("cold", 9, [1]):
        (tmp_path / "odd.json").write_text(
            json.dumps(twice | {"sprites": [one | {"temperature": temperature}]})
        )
        assert command("sample.py run=run kept=odd.json out=odd").code == 2
    (tmp_path / "twice.json").write_text(json.dumps(twice))
    assert command("sample.py run=run kept=twice.json out=twice").code == 0
    with np.load(tmp_path / "twice" / "sprites.npz") as file:
        made = file["images"]
    for k, label in enumerate(("mage", "knight", "none")):
        assert command(f"sample.py run=run index=5 label={label} out={label}").code == 0
        with np.load(tmp_path / label / "sprites.npz") as file:
            assert (file["images"][0] != made[k]).any(-1).sum() <= 1
    other = command("sample.py run=run kept=kept.json n=4 of=8")
    assert other.code == 2
    assert "leave out of=" in other.err


def test_every_sprite_has_a_line_that_makes_it_again(opened, command, pages, tmp_path):
    """New ones, those like another, those in some colours, and painted ones."""
    page = opened("whole")
    (tmp_path / "run").symlink_to(pages / "run")
    page.find_element(By.ID, "guidance").send_keys("1.5")
    page.find_element(By.ID, "temperature").send_keys("calmer")
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 32 && !bench.busy")
    found = [page.execute_script("return bench.made[0]")]
    page.execute_script("choose(bench.made[0])")
    page.find_element(By.ID, "like").click()
    until(page, "return bench.made.length === 40 && !bench.busy")
    found.append(page.execute_script("return bench.made[3]"))
    page.find_element(By.CSS_SELECTOR, "#colours-box summary").click()
    for swatch in page.find_elements(By.CSS_SELECTOR, "#colours button")[:12]:
        swatch.click()
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 56 && !bench.busy")
    found.append(page.execute_script("return bench.made[1]"))
    found.append(painted(page, 2))
    taken(page, tmp_path, found[0], found[1]["from"])
    for k, sprite in enumerate(found):
        line = page.execute_script("return lineOf(arguments[0])", sprite)
        assert "sampler.temperature=0.7" in line
        assert made_again(command, line, tmp_path, k, sprite)


def painted(page, k):
    """The first way in which the network finishes the top half of sprite k."""
    page.execute_script("putOnEasel(bench.made[arguments[0]].image)", k)
    page.find_element(By.ID, "top-half").click()
    page.find_element(By.ID, "finish").click()
    until(page, "return document.querySelectorAll('#ways canvas').length === 8 && !bench.busy")
    page.execute_script("document.querySelector('#ways button').click()")
    return page.execute_script("return bench.chosen")


def taken(page, folder, parent, name):
    """Saves what lines of variants and of painted sprites name: the parent, picture and mask."""
    from PIL import Image

    painted = np.array(page.execute_script("return [...easel.image]"), np.uint8)
    mask = np.array(page.execute_script("return [...easel.kept]"), np.uint8) * 255
    Image.fromarray(painted.reshape(16, 16, 4)).save(folder / "picture.png")
    Image.fromarray(mask.reshape(16, 16)).save(folder / "mask.png")
    image = np.array(parent["image"], np.uint8).reshape(16, 16, 4)
    Image.fromarray(image).save(folder / f"{name}.png")


def made_again(command, line, folder, k, sprite):
    """Whether a line makes the sprite, up to a pixel."""
    result = command(f"{line.removeprefix('python ')} out=again{k}")
    assert result.code == 0, result.err
    with np.load(folder / f"again{k}" / "sprites.npz") as file:
        again = file["images"][0]
    image = np.array(sprite["image"], np.uint8).reshape(16, 16, 4)
    return bool((again != image).any(-1).sum() <= 1)


def test_attributes_are_asked_for_and_the_others_are_drawn_as_sample_py_does(
    opened, command, pages, tmp_path
):
    page = opened("parts")
    (tmp_path / "parts").symlink_to(pages / "parts")
    assert not page.find_element(By.ID, "label-box").is_displayed()
    assert not page.find_element(By.ID, "guidance").is_enabled()  # it has nothing to follow
    assert len(page.find_elements(By.CSS_SELECTOR, "#attributes select")) == 10
    numbers = page.execute_script("return bench.made.map(({index}) => index)")
    assert command(f"sample.py run=parts n={max(numbers) + 1} out=any").code == 0
    with np.load(tmp_path / "any" / "sprites.npz") as file:
        theirs = file["images"][numbers].reshape(16, -1)
    assert (pixels(page, "bench.made") != theirs).sum() <= 8

    assert text(page, "attributes-head") == "Ask for: anything"
    page.execute_script("askFor(app.attributes.findIndex(([name]) => name === 'hair'), 3)")
    for box in page.find_elements(By.CSS_SELECTOR, "#attributes label"):
        if box.text.startswith("tool"):
            box.find_element(By.TAG_NAME, "select").send_keys("sword")
    assert text(page, "attributes-head") == "Ask for: hair=long, tool=sword"
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 32 && !bench.busy")
    found = [page.execute_script("return bench.made[2]")]
    page.find_element(By.ID, "guidance").send_keys("2")
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 48 && !bench.busy")
    found.append(page.execute_script("return bench.made[1]"))
    page.execute_script("choose(bench.made[1]); keep(bench.made[1]); keep(bench.made[40])")
    chips = page.find_elements(By.CSS_SELECTOR, "#told button")
    pressed = [each.text for each in chips if each.get_attribute("aria-pressed") == "true"]
    assert (len(chips), pressed) == (10, ["hair long", "tool sword"])
    page.find_element(By.ID, "like").click()
    until(page, "return bench.made.length === 56 && !bench.busy")
    found.append(page.execute_script("return bench.made[3]"))
    chips[0].click()  # asks for the body of this one
    found.append(painted(page, 2))
    taken(page, tmp_path, found[1], found[2]["from"])
    for k, sprite in enumerate(found):
        line = page.execute_script("return lineOf(arguments[0])", sprite)
        assert "hair=long tool=sword" in line.replace("attribute.", "")
        assert ("body=" in line) == (sprite is found[-1])
        assert made_again(command, line, tmp_path, k, sprite)

    (tmp_path / "kept.json").write_text(page.execute_script("return keptJson()"))
    kept = pixels(page, "bench.kept")
    result = command("sample.py run=parts kept=kept.json out=kept")
    assert result.code == 0, result.err
    with np.load(tmp_path / "kept" / "sprites.npz") as file:
        assert (file["images"].reshape(2, -1) != kept).sum() <= 8
        assert file["attribute.tool"][0] == "sword"
    page.find_element(By.ID, "ask-nothing").click()
    assert text(page, "attributes-head") == "Ask for: anything"
    odd = ["it's", "a b", "Ünï", "$x `y`", '"big" one', "'q'\\", "7", "[a,b]"]
    line = page.execute_script(
        "app.attributes = arguments[0].map((value) => ['hair', [value]]);"
        "app.facts.asking = arguments[0].map(() => 'hair');"
        "return lineOf({...bench.made[0], asked: arguments[0].map(() => 0)})",
        odd,
    )
    words = [word for word in shlex.split(line) if word.startswith("hair=")]
    parsed = OverridesParser.create().parse_overrides(collected(words, "sample"))
    assert [each.value() for each in parsed] == odd
    wrong = json.loads((tmp_path / "kept.json").read_text())
    for attributes, sentence in (({"hair": "lung"}, "short, spiky"), (["hair"], "save it from")):
        wrong["sprites"][0]["attributes"] = attributes
        (tmp_path / "wrong.json").write_text(json.dumps(wrong))
        result = command("sample.py run=parts kept=wrong.json out=wrong")
        assert (result.code, sentence in result.err) == (2, True), result
    assert not (tmp_path / "wrong").exists()


def test_the_lesson_tells_a_network_of_attributes_none_as_look_py_does(opened, pages):
    page = opened("parts")
    page.find_elements(By.CSS_SELECTOR, ".steps button")[2].click()
    level(page, 60)
    shown = page.execute_script(
        "const {image} = lesson.subject, level = levelNow();"
        "return ask('look', {image, level, seed: 0}).then(({network}) =>"
        "  ({level, image: [...image], network: [...network]}))"
    )
    run = load(pages / "parts" / "checkpoints" / "last.ckpt")
    image = torch.tensor(shown["image"], dtype=torch.uint8).view(16, 16, 4).permute(2, 0, 1)[None]
    t, alpha, sigma = (shown["level"][key] for key in ("t", "alpha", "sigma"))
    x = alpha * PixelCodec().encode(image) + sigma * ImageNoise(0, [0], (4, 16, 16))(0)
    thought = PixelCodec().decode(run.denoiser(x, torch.full((1,), t)))[0].permute(1, 2, 0)
    theirs = np.array(shown["network"], int).reshape(16, 16, 4)
    assert (abs(thought.numpy() - theirs) > 1).sum() <= 4
    for step, button in ((3, "go-on"), (4, "from-nothing")):
        page.execute_script("goTo(arguments[0])", step)
        page.find_element(By.ID, button).click()
        until(page, "return document.querySelectorAll('#finished canvas').length === 8")
        until(page, "return !lesson.making")
    page.find_elements(By.CSS_SELECTOR, "#finished button")[0].click()
    assert len(page.find_elements(By.CSS_SELECTOR, "#told button")) == 10


def test_files_are_saved_as_they_are_said_to_be(opened, browser, tmp_path):  # noqa: F811
    page = opened("whole")
    page.execute_script("keep(bench.made[0]); keep(bench.made[1])")
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    for name in ("save-sheet", "save-npz", "save-kept", "save-pngs"):
        page.find_element(By.ID, name).click()
    wanted = {"sheet.png", "sprites.npz", "kept.json"}
    for _ in range(100):
        there = {file.name for file in tmp_path.iterdir()}
        if wanted <= there and sum(name.startswith("sprite-0-") for name in there) == 2:
            break
        time.sleep(0.1)
    from PIL import Image

    kept = pixels(page, "bench.kept").reshape(2, 16, 16, 4)
    with np.load(tmp_path / "sprites.npz") as file:
        np.testing.assert_array_equal(file["images"], kept)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGBA"))
    np.testing.assert_array_equal(sheet[:16, :16], kept[0])
    np.testing.assert_array_equal(sheet[:16, 16:32], kept[1])


def test_painted_pixels_stay_and_left_out_colours_do_not_appear(opened):
    page = opened("whole")
    page.execute_script("putOnEasel(bench.made[0].image)")
    page.find_element(By.ID, "top-half").click()
    page.find_element(By.CSS_SELECTOR, "#brushes button").click()
    page.find_element(By.ID, "paper").send_keys(Keys.ARROW_DOWN, " ")
    picture = np.array(page.execute_script("return [...easel.image]"), np.uint8)
    page.find_element(By.ID, "finish").click()
    until(page, "return document.querySelectorAll('#ways canvas').length === 8 && !bench.busy")
    done = page.execute_script(
        "const shown = (it) => [...it.getContext('2d').getImageData(0, 0, 16, 16).data];"
        "return [...document.querySelectorAll('#ways canvas')].map(shown)"
    )
    done = np.array(done, np.uint8).reshape(8, 16, 16, 4)
    np.testing.assert_array_equal(
        done[:, :8], np.broadcast_to(picture.reshape(16, 16, 4)[:8], (8, 8, 16, 4))
    )
    assert len(np.unique(done[:, 8:].reshape(8, -1), axis=0)) > 1

    page.find_element(By.CSS_SELECTOR, "#colours-box summary").click()
    swatches = page.find_elements(By.CSS_SELECTOR, "#colours button")
    for swatch in swatches[:-4]:
        swatch.click()
    page.find_element(By.ID, "more").click()
    until(page, "return bench.made.length === 32 && !bench.busy")
    found = pixels(page, "bench.made.slice(0, 16)").reshape(-1, 4)
    colours = {bytes(colour[:3]).hex() for colour in found if colour[3]}
    assert 0 < len(colours) <= 4


def test_a_phone_shows_it_without_scrolling_sideways(opened):
    for colours in ("light", "dark"):
        page = opened("whole", width=375, colours=colours)
        wide = "return document.documentElement.scrollWidth - innerWidth"
        assert page.execute_script(wide) <= 0
        page.execute_script("putOnEasel(bench.made[0].image)")
        assert page.execute_script(wide) <= 0


def test_without_the_training_sprites_it_says_so_and_works(opened, pages):
    page = opened("bare")
    assert "not in this page" in page.find_element(By.TAG_NAME, "footer").text
    page.find_elements(By.CSS_SELECTOR, ".steps button")[1].click()
    assert not page.find_element(By.ID, "suspects").is_displayed()
    assert "page_sprites=true" in page.find_element(By.ID, "lesson").text
    assert (pages / "bare.safetensors").exists()
    hashes = page.execute_script("return [app.facts.checkpoint, app.facts.sha256]")
    files = "bare.safetensors", "run/checkpoints/last.ckpt"
    assert hashes == [load(pages / file).sha256 for file in files]
    names = page.execute_script("return [app.facts.command, app.facts.names.length]")
    assert names == ["python sample.py run=bare.safetensors", 0]


def test_a_gallery_filters_and_what_is_kept_is_made_again(browser, command, pages, tmp_path):  # noqa: F811
    (tmp_path / "run").symlink_to(pages / "run")
    words = "sample.py run=run n=90 seed=4 sampler.steps=3 gallery=true out=many"
    assert command(words).code == 0
    assert "made already" in command(words).out
    assert (tmp_path / "many" / "gallery.html").stat().st_size < 1e6
    sized(browser)
    browser.get_log("browser")
    browser.get((tmp_path / "many" / "gallery.html").as_uri())
    browser.execute_script("localStorage.clear()")
    browser.refresh()
    until(browser, "return document.documentElement.dataset.ready === 'true'")
    assert text(browser, "shown") == "90 shown"
    orders = [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#order option")]
    assert orders == ["furthest from training", "as they were made"]
    assert "it takes 40 validation sprites" in browser.find_element(By.TAG_NAME, "footer").text
    browser.find_element(By.ID, "label").send_keys("mage")
    mages = int(text(browser, "shown").split()[0])
    assert 0 < mages < 90
    cells = browser.find_elements(By.CSS_SELECTOR, "#made button")
    assert len(cells) == mages
    cells[0].click()
    cells[0].send_keys("k")
    cells[0].send_keys(Keys.ARROW_RIGHT)
    browser.switch_to.active_element.send_keys("x")
    browser.find_element(By.ID, "hide").click()
    assert text(browser, "shown") == f"{mages - 1} shown"
    kept = pixels(browser, "bench.kept")
    (tmp_path / "kept.json").write_text(browser.execute_script("return keptJson()"))
    line = text(browser, "kept-line").removeprefix("python ")
    assert command(f"{line} out=kept").code == 0
    with np.load(tmp_path / "kept" / "sprites.npz") as file:
        np.testing.assert_array_equal(file["images"].reshape(1, -1), kept)
    nothing_went_wrong(browser)

    result = command("report.py runs=[run] n=24 gallery=true out=judged")
    assert result.code == 0, result.err
    browser.get((tmp_path / "judged" / "gallery.html").as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'true'")
    made = pixels(browser, "bench.made")
    assert command("sample.py run=run n=24 out=same").code == 0
    with np.load(tmp_path / "same" / "sprites.npz") as file:
        np.testing.assert_array_equal(file["images"].reshape(24, -1), made)
    assert command("report.py runs=[run] gallery=true samplers=[ddim:2,ddpm:2]").code == 2


def test_a_gallery_of_what_was_asked_for_is_kept_too(browser, command, pages, tmp_path):  # noqa: F811
    (tmp_path / "parts").symlink_to(pages / "parts")
    words = "sample.py run=parts n=8 hair=long tool=sword sampler.steps=3"
    assert command(f"{words} guidance=2 gallery=true out=asked").code == 0
    browser.get_log("browser")
    browser.get((tmp_path / "asked" / "gallery.html").as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'true'")
    browser.execute_script("keep(bench.made[3])")
    line = browser.execute_script("return lineOf(bench.made[3])")
    assert made_again(command, line, tmp_path, 0, browser.execute_script("return bench.made[3]"))
    (tmp_path / "kept.json").write_text(browser.execute_script("return keptJson()"))
    assert command(f"{text(browser, 'kept-line').removeprefix('python ')} out=kept").code == 0
    with np.load(tmp_path / "kept" / "sprites.npz") as file:
        kept = pixels(browser, "bench.kept")
        assert (file["images"].reshape(1, -1) != kept).sum() <= 4
    each = "guidance={hair:2,tool:1} gallery=true out=each"
    assert command(f"{words} {each}").code == 0
    browser.get((tmp_path / "each" / "gallery.html").as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'true'")
    assert browser.execute_script("return bench.made.every(steered)")
    nothing_went_wrong(browser)


def test_a_gallery_begins_with_the_best(browser, tmp_path):  # noqa: F811
    looks, stands = [0.5, -2.0, 3.25, 0.0, 1.5], [0.5, 0.9, 0.1, 0.7, 0.3]
    new = {"verdict": "new", "name": "Bob", "distance": 40.0}
    shown = [
        Shown(0, k, -1, 1.0, new, 50.0, look, stand, None)
        for k, (look, stand) in enumerate(zip(looks, stands, strict=True))
    ]
    images = torch.randint(0, 256, (5, 4, 16, 16), dtype=torch.uint8)
    told = {"labels": [], "attributes": [], "asking": []}
    (tmp_path / "five.html").write_text(gallery(images, shown, told, "five", "a command", "0"))
    browser.get_log("browser")
    browser.get((tmp_path / "five.html").as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'true'")
    cells = browser.find_elements(By.CSS_SELECTOR, "#made button")
    names = [cell.get_attribute("aria-label") for cell in cells]
    assert names == [f"sprite {k} of seed 0" for k in (2, 4, 0, 3, 1)]
    cells[0].click()
    assert text(browser, "verdict").endswith("Taken for real.")
    cells[-1].click()
    assert text(browser, "verdict").endswith("Not taken for real.")
    nothing_went_wrong(browser)


def test_a_bad_page_is_refused_and_nothing_is_written(command, pages, tmp_path):
    (tmp_path / "run").symlink_to(pages / "run")
    (tmp_path / "there.html").write_text("mine")
    for words, sentence in (
        ("page=there.html", "must be a new file"),
        ("page=a.png", "ends in .html"),
        ("page=a.html page_weights=int8", "f32"),
        ("page=a.html page_sprites=7", "true or false"),
        ("page=a.html of=100", "leave out of="),
        ("page=a.html mirror=true", "leave out mirror="),
        ("page=a.html guidance=2", "leave out guidance="),
        ("page=a.html sampler=heun", "sampler=dpm_solver"),
        ("kept=nothing.json", "There is no file"),
    ):
        result = command(f"sample.py run=run {words}")
        assert result.code == 2, words
        assert sentence in result.err
        assert len(result.err.strip().splitlines()) == 1
    assert {file.name for file in tmp_path.iterdir()} == {"run", "there.html", ".out", ".err"}
    assert (tmp_path / "there.html").read_text() == "mine"


@pytest.mark.nightly
def test_firefox_makes_the_same_sprites(firefox, opened, pages):  # noqa: F811
    ours = pixels(opened("whole"), "bench.made")
    firefox.get((pages / "whole.html").as_uri())
    for _ in range(600):
        if firefox.evaluate("document.documentElement.dataset.ready") == "true":
            break
        time.sleep(0.1)
    theirs = firefox.evaluate(
        "btoa(String.fromCharCode(...bench.made.flatMap((it) => [...it.image])))"
    )
    assert theirs == b64encode(ours.tobytes()).decode()
    firefox.evaluate("goTo(1)")
    firefox.evaluate("document.getElementById('level').value = 100; look()")
    time.sleep(1)
    assert "no idea" in firefox.evaluate("document.getElementById('words').textContent")
    firefox.evaluate("keep(bench.made[0]); moreLike(bench.made[0])")
    assert firefox.evaluate("bench.made.length") == 24
    firefox.evaluate("putOnEasel(bench.made[0].image); $('top-half').click(); finish()")
    assert firefox.evaluate("$('ways').children.length") == 8
    firefox.evaluate("goTo(3); goOn()")
    assert "eight" in firefox.evaluate("$('words').textContent")
    firefox.evaluate("goTo(4); fromNothing()")
    assert firefox.evaluate("$('words').textContent").startswith("The first of them")
    assert firefox.evaluate("$('count').textContent + $('trouble').textContent") == "1"
    asked = [each["params"]["request"]["url"] for each in firefox.said if "request" in str(each)]
    assert [
        url for url in asked if not url.startswith(("file:", "blob:", "data:", "about:"))
    ] == []
    assert [each for each in firefox.said if each.get("method") == "log.entryAdded"] == []
