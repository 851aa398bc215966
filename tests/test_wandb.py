"""W&B never matters: servers that fail at the start, midway or at the end cost a sentence."""

import http.server
import json
import os
import threading
import time

import pytest
from conftest import SMOKE

LINE = SMOKE.replace("logger=csv", "logger=wandb") + " hydra.run.dir=run model.widths=[32]"
LINE += " model.blocks=1 data.n=60 callbacks.samples=null callbacks.noise_levels=null"
KEY = "a" * 40


class Server:
    """A W&B server on loopback that answers well as long as `good()`, and then as it is told."""

    def __init__(self, good, then):

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                self.rfile.read(int(self.headers.get("content-length", 0)))
                if not good() and then == "hang up":
                    self.connection.close()
                    return
                self.send_response(200 if good() else 500)
                self.end_headers()
                self.wfile.write(b'{"data":{}}')

            do_GET = do_PUT = do_POST  # noqa: N815

            def log_message(self, *_): ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Starts a server and makes it the one of W&B, with a made-up key and no other settings."""
    servers = []

    def start(good, then):
        servers.append(Server(good, then))
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("WANDB_BASE_URL", servers[0].url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("HOME", str(tmp_path))

    yield start
    for server in servers:
        server.server.shutdown()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("until", "then", "sentence"),
    [
        ("never", "fail", "logging offline"),
        ("trained", "fail", "to send it: wandb sync"),
        pytest.param(
            "trained", "hang up", "to send it: wandb sync", marks=pytest.mark.nightly
        ),  # a minute, and much like the one before
        ("the end", "", "to send it: wandb sync"),  # answers that crash W&B's own process
    ],
)
def test_a_run_outlives_its_server(launch, tmp_path, serve, until, then, sentence):
    trained = tmp_path / "run" / "metrics.csv"
    good = {"never": lambda: False, "trained": lambda: not trained.exists()}
    serve(good.get(until, lambda: True), then)
    began = time.monotonic()
    out, _ = (process := launch(LINE)).communicate(timeout=900)
    assert process.returncode == 0, out
    assert time.monotonic() - began < 200
    assert sentence in out
    assert out.count("wandb sync") == 1
    assert "Traceback" not in out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["status"] == "finished"
    assert (tmp_path / "run" / "metrics.csv").stat().st_size > 100
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != ".netrc":
            assert KEY.encode() not in file.read_bytes(), file
