"""Headless browsers for tests of pages: Chromium by its driver, Firefox by WebDriver BiDi."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def started_chromium():
    """Headless Chromium with its driver, or None where either is absent."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for switch in SWITCHES:
        options.add_argument(switch)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; skips where it is absent."""
    started = started_chromium()
    if started is None:
        pytest.skip("chromium and chromedriver are absent (apt install chromium-driver)")
    yield started
    started.quit()


def sized(browser, width=1280, height=900, colours="light"):
    """A window or a phone, in light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": colours}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def nothing_went_wrong(browser):
    """No word in the console, and nothing loaded from anywhere."""
    assert browser.get_log("browser") == []
    loaded = "return performance.getEntriesByType('resource').map(each => each.name)"
    own = ("data:", "blob:")
    assert [name for name in browser.execute_script(loaded) if not name.startswith(own)] == []


class Firefox:
    """Headless Firefox, driven by its own WebDriver BiDi, for which no other program is needed."""

    def __init__(self, program, folder):
        from websocket import create_connection

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        words = [program, "--headless", "--no-remote", "--profile", str(folder)]
        words += ["--remote-debugging-port", str(port), "about:blank"]
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(300):
            try:
                address = f"ws://127.0.0.1:{port}/session"
                self.socket = create_connection(address, timeout=120, suppress_origin=True)
                break
            except OSError:
                time.sleep(0.1)
        self.asked, self.said = 0, []
        self.ask("session.new", {"capabilities": {}})
        self.ask("session.subscribe", {"events": ["log.entryAdded", "network.beforeRequestSent"]})
        tree = self.ask("browsingContext.getTree", {})
        self.tab = tree["contexts"][0]["context"]

    def ask(self, method, params):
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.asked:
                assert answer["type"] == "success", answer
                return answer["result"]
            self.said.append(answer)

    def get(self, address):
        self.ask(
            "browsingContext.navigate", {"context": self.tab, "url": address, "wait": "complete"}
        )

    def evaluate(self, expression):
        """The value of an expression, a word or a number, or of the promise that it is."""
        target = {"context": self.tab}
        asked = {"expression": expression, "target": target, "awaitPromise": True}
        found = self.ask("script.evaluate", asked)
        assert found["type"] == "success", found
        return found["result"].get("value")

    def quit(self):
        self.socket.close()
        os.killpg(self.process.pid, signal.SIGKILL)  # the program is a script that starts another
        self.process.wait()


@pytest.fixture
def firefox(tmp_path):
    """Headless Firefox; skips where it is absent."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("firefox is absent (apt install firefox-esr)")
    started = Firefox(program, tmp_path)
    yield started
    started.quit()
