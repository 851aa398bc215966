"""A report in a real browser: sort, filter, enlarge, by mouse and by keyboard, on a phone."""

from dataclasses import replace

import pytest
from browsers import browser, nothing_went_wrong, sized  # noqa: F401
from fakeruns import fake_run, forge, sweep
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

from diffusion.report.page import page

pytestmark = pytest.mark.processes

HOSTILE = """</script><script>window.hacked=1</script>"'><img src=x onerror=window.hacked=1>"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Reports of 24 runs and of one, and one with an enemy's words."""
    folder = tmp_path_factory.mktemp("pages")
    sprites = forge(64)
    runs = sweep(sprites, ("base", "small", "tiny", "mini"), 2, ("cosine", "linear", "sigmoid"))
    enemies = [
        replace(
            fake_run(f"{HOSTILE}{k}", sprites, 1 + k), notes=[HOSTILE], facts={HOSTILE: HOSTILE}
        )
        for k in range(2)
    ]
    for name, judged in (("many", runs), ("one", runs[:1]), ("hostile", enemies)):
        (folder / f"{name}.html").write_text(page(judged, f"A report of {name}"))
    return folder


@pytest.fixture
def opened(browser, pages):  # noqa: F811
    """Opens a page at a width, in light or dark; afterwards nothing may have gone wrong."""

    def open_page(name, width=1280, colours="light"):
        sized(browser, width, colours=colours)
        browser.get((pages / f"{name}.html").as_uri())
        browser.execute_script("localStorage.clear()")
        browser.refresh()
        return browser

    browser.get_log("browser")
    yield open_page
    nothing_went_wrong(browser)


def unfolded(page):
    """With every part but the single runs open."""
    page.execute_script("for (const each of document.querySelectorAll('.fold')) each.open = true")
    return page


def column(page, k):
    """What is shown in a column of the table of runs."""
    return [
        row.find_elements(By.CSS_SELECTOR, "th, td")[k].text.split("\n")[0]
        for row in page.find_elements(By.CSS_SELECTOR, "#table tbody tr")
    ]


def numbers(page, k):
    return [float(text) for text in column(page, k)]


def focused(page):
    return page.switch_to.active_element


def press(page, *keys):
    ActionChains(page).send_keys(*keys).perform()


def test_a_page_of_24_runs_is_small(pages):
    assert (pages / "many.html").stat().st_size < 20e6


def test_a_click_sorts_by_a_column_and_another_turns_it_round(opened):
    page = unfolded(opened("many"))
    head = page.find_elements(By.CSS_SELECTOR, "#table thead th")[1]
    before = numbers(page, 1)
    head.click()  # the table is sorted a moment later
    WebDriverWait(page, 60).until(lambda it: numbers(it, 1) == sorted(before))
    head.click()
    WebDriverWait(page, 60).until(lambda it: numbers(it, 1) == sorted(before, reverse=True))
    assert head.get_attribute("aria-sort") == "descending"


def test_the_keyboard_sorts_too(opened):
    page = unfolded(opened("many"))
    before = numbers(page, 2)
    page.find_element(By.CSS_SELECTOR, ".dt-search input").click()
    for _ in range(12):
        press(page, Keys.TAB)
        cell = "return document.activeElement.closest('th')?.cellIndex"
        if page.execute_script(cell) == 2:
            break
    press(page, Keys.ENTER)
    assert sorted(before) != before
    WebDriverWait(page, 60).until(lambda it: numbers(it, 2) == sorted(before))


def test_the_filter_knows_names_and_settings(opened):
    page = unfolded(opened("many"))
    field = page.find_element(By.CSS_SELECTOR, ".dt-search input")
    field.send_keys("tiny sigmoid")
    assert len(column(page, 0)) == 2
    field.clear()
    field.send_keys("model.width=64 cosine")
    assert [name.replace("\u200b", "") for name in column(page, 0)] == [
        f"1 model-base_schedule-cosine_seed-{seed}" for seed in (0, 1)
    ]
    field.clear()
    field.send_keys("nobody")
    assert "No run has these words." in page.find_element(By.ID, "table").text


def test_a_click_enlarges_a_sprite_beside_its_nearest_and_escape_closes(opened):
    page = opened("many")
    cell = page.find_element(By.CSS_SELECTOR, ".strip .a0")
    small = cell.size["width"]
    cell.click()
    dialog = page.find_element(By.ID, "zoom")
    shown = dialog.find_elements(By.CSS_SELECTOR, ".sprite")
    assert dialog.is_displayed()
    assert len(shown) == 2
    assert all(each.size["width"] > 5 * small for each in shown)
    assert shown[0].size["width"] % 16 == 0, "every pixel is a whole number of screen pixels"
    assert "pixelated" in shown[0].value_of_css_property("image-rendering")
    assert "sample 0: new, nearest training sprite smith 0" in dialog.text
    press(page, Keys.ESCAPE)
    assert not dialog.is_displayed()


def test_arrow_keys_move_among_sprites_and_enter_enlarges(opened):
    page = unfolded(opened("one"))
    cells = page.find_elements(By.CSS_SELECTOR, "#samples .sprite")
    page.execute_script("arguments[0].focus()", cells[0])
    columns = sum(cell.location["y"] == cells[0].location["y"] for cell in cells)
    assert 2 <= columns < len(cells)
    for key, k in (
        (Keys.RIGHT, 1),
        (Keys.DOWN, 1 + columns),
        (Keys.LEFT, columns),
        (Keys.END, -1),
    ):
        press(page, key)
        assert focused(page) == cells[k]
    assert focused(page).value_of_css_property("outline-style") == "solid", "focus is visible"
    press(page, Keys.ENTER)
    assert page.find_element(By.ID, "zoom").is_displayed()
    press(page, Keys.ESCAPE)
    assert focused(page) == cells[-1], "the focus is where it was"
    assert sum(cell.get_attribute("tabindex") == "0" for cell in cells) == 1


def test_a_legend_points_out_its_configuration_everywhere(opened):
    page = unfolded(opened("many"))
    lines = page.find_elements(By.CSS_SELECTOR, "#learning [data-series]")
    button = page.find_elements(By.CSS_SELECTOR, "#trade-off [data-points]")[2]

    def strong():
        page.execute_script("document.getAnimations().forEach(each => each.finish())")
        return {
            line.get_attribute("data-series")
            for line in lines
            if float(line.value_of_css_property("opacity")) == 1
        }

    everybody = strong()
    assert len(everybody) == 12
    button.send_keys(Keys.ENTER)
    assert strong() == {"2"}
    assert button.get_attribute("aria-pressed") == "true"
    button.send_keys(Keys.ENTER)
    assert strong() == everybody


def test_a_run_in_the_table_leads_to_its_sprites(opened):
    page = unfolded(opened("many"))
    run = page.find_element(By.ID, "run-0")
    assert run.get_attribute("open") is None
    page.find_element(By.CSS_SELECTOR, "#table a").send_keys(Keys.ENTER)
    # a browser tells a page that its fragment changed when it comes to it
    WebDriverWait(page, 60).until(lambda _: run.get_attribute("open") == "true")


@pytest.mark.parametrize("name", ["one", "many"])
def test_sprites_and_the_answer_are_seen_at_once_and_a_link_unfolds_the_rest(opened, name):
    page = opened(name)
    bottom = page.find_element(By.CSS_SELECTOR, "tr.real + tr").rect
    assert bottom["y"] + bottom["height"] < 900
    assert page.find_element(By.CSS_SELECTOR, ".verdict").is_displayed()
    table = page.find_element(By.CSS_SELECTOR, "#scores table")
    assert not table.is_displayed()
    page.find_element(By.CSS_SELECTOR, "nav a[href='#scores']").click()
    WebDriverWait(page, 60).until(lambda _: table.is_displayed())
    WebDriverWait(page, 60).until(
        lambda it: (
            it.execute_script(
                "return document.querySelector('#scores').getBoundingClientRect().top"
            )
            < 100
        )
    )


def test_the_table_of_a_page_in_a_folder_is_saved_as_csv(opened, tmp_path):
    page = opened("many")
    to = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.execute_cdp_cmd("Browser.setDownloadBehavior", to)
    page.find_element(By.CSS_SELECTOR, "a[download]").click()
    file = tmp_path / "scores.csv"
    WebDriverWait(page, 60).until(lambda _: file.exists())
    assert len(file.read_text().splitlines()) == 25


@pytest.mark.parametrize("name", ["one", "many", "hostile"])
def test_on_a_phone_nothing_sticks_out(opened, name):
    page = opened(name, width=390)
    page.execute_script(
        "for (const each of document.querySelectorAll('details')) each.open = true"
    )
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scrolled, seen = page.execute_script(width)
    assert scrolled == seen == 390


def test_colours_follow_the_system_until_the_reader_chooses(opened):
    page = opened("many", colours="dark")

    def lightness():
        paper = page.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
        return sum(int(part) for part in paper.strip("rgba()").split(",")[:3]) / 3

    assert lightness() < 60
    button = page.find_element(By.ID, "theme")
    button.click()
    assert lightness() > 200
    page.refresh()
    assert lightness() > 200, "the choice is remembered"


def test_an_enemys_words_do_nothing(opened):
    page = opened("hostile")
    page.find_element(By.CSS_SELECTOR, ".a0").click()
    assert HOSTILE in page.find_element(By.ID, "zoom").text
    assert page.execute_script("return window.hacked") is None
