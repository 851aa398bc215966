"""A film of the slider of a page, as README shows it; needs Chromium and its driver.

python benchmarks/page_film.py docs/page.html docs/pictures/page.gif
"""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from browsers import sized, started_chromium  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

WIDTH, STOPS = 630, [*range(0, 100, 6), 100, 100, 100, *range(90, 0, -15)]
SET = """const it = document.getElementById('level'); it.value = arguments[0];
it.dispatchEvent(new Event('input'));"""
BOX = """const above = document.querySelector('.pictures').getBoundingClientRect();
const below = document.getElementById('other').getBoundingClientRect();
return [above.left, Math.max(0, above.top), below.top - 10].map(Math.round);"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page")
    parser.add_argument("film")
    asked = parser.parse_args()
    browser = started_chromium()
    sized(browser, WIDTH + 50, 1200)
    browser.get(Path(asked.page).resolve().as_uri())
    wait = WebDriverWait(browser, 60)
    wait.until(lambda it: it.execute_script("return document.documentElement.dataset.ready"))
    browser.find_elements(By.CSS_SELECTOR, ".steps button")[2].click()
    browser.execute_script("document.querySelector('.pictures').scrollIntoView()")
    frames = []
    for stop in STOPS:
        browser.execute_script(SET, stop)
        wait.until(lambda it: it.execute_script("return !looking && !again"))
        left, top, bottom = browser.execute_script(BOX)
        window = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
        frame = window.crop((left, top, left + WIDTH, bottom))
        frames.append(frame.quantize(96, dither=Image.Dither.NONE))
    _screens(browser, wait, Path(asked.film).with_suffix(".png"))
    browser.quit()
    size = frames[0].size
    frames = [frame if frame.size == size else frame.crop((0, 0, *size)) for frame in frames]
    more = {"save_all": True, "append_images": frames[1:], "duration": 220, "loop": 0}
    frames[0].save(asked.film, optimize=True, **more)
    print(
        f"{asked.film}: {len(frames)} frames of {size}, {Path(asked.film).stat().st_size:,} bytes"
    )


def _screens(browser: Any, wait: Any, to: Path) -> None:
    """The whole page as a desktop and as a phone show it, side by side."""
    shots = []
    for width, colours in ((1180, "light"), (390, "dark")):
        sized(browser, width, 900, colours)
        browser.refresh()
        wait.until(lambda it: it.execute_script("return document.documentElement.dataset.ready"))
        browser.find_elements(By.CSS_SELECTOR, ".steps button")[2].click()
        browser.execute_script(SET, 88)
        browser.execute_script("bench.made.slice(3, 9).forEach(keep)")
        wait.until(lambda it: it.execute_script("return !looking && !again"))
        height = browser.execute_script("return document.documentElement.scrollHeight")
        sized(browser, width, height, colours)
        shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
        shots.append(shot.resize((width // 2, height // 2), Image.Resampling.LANCZOS))
    high = max(shot.height for shot in shots)
    both = Image.new("RGB", (sum(shot.width for shot in shots) + 20, high), "white")
    both.paste(shots[0], (0, 0))
    both.paste(shots[1], (shots[0].width + 20, 0))
    both.quantize(128, dither=Image.Dither.NONE).save(to, optimize=True)


if __name__ == "__main__":
    main()
