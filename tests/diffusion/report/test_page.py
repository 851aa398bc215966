"""The page is one file, complete, offline, and no stranger's word can do harm in it."""

import csv
import io
import json
import re
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from fakeruns import fake_run, forge, sweep
from PIL import Image

from diffusion.pictures import png
from diffusion.report.atlas import Atlas, rgba
from diffusion.report.glossary import interval
from diffusion.report.judged import Finding, Judged, Score
from diffusion.report.page import figures, page
from diffusion.report.plots import histograms, learning, trade_offs
from diffusion.report.ranking import configurations
from diffusion.report.section import BYTES, MIN_SHOWN, RunSection, shown_sprites, track
from diffusion.report.table import scores_csv

HOSTILE = (
    """</script><script>window.hacked=1</script>"'><img src=x onerror=hacked=1>{{ 7*7 }}$x$"""
)


class Outline(HTMLParser):
    """Elements with their attributes, and the text that is shown."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.scripts = [], "", []
        self._inside = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data):
        if self._inside == ["script"]:
            self.scripts.append(data)
        elif not self._inside:
            self.text += data

    def ids(self):
        return [attrs["id"] for _, attrs in self.elements if "id" in attrs]


@pytest.fixture(scope="module")
def sprites():
    return forge(24)


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    def to_html(judged, title="A title", note="A note."):
        file = tmp_path_factory.mktemp("page") / "report.html"
        file.write_text(page(judged, title, note))
        return file.read_text(encoding="utf-8")

    return to_html


@pytest.fixture(scope="module")
def many(write, sprites):
    return write(sweep(sprites, seeds=2))


@pytest.fixture(scope="module")
def one(write, sprites):
    return write([fake_run("first", sprites)])


@pytest.fixture(scope="module")
def hostile(write, sprites):
    """A page in which every word comes from an enemy."""
    picture = png(Image.new("RGB", (4, 4)))
    h = HOSTILE
    judged = []
    for k in range(2):
        run = fake_run(f"{h}{k}", sprites, 1 + k)
        judged.append(
            replace(
                run,
                facts={h: h},
                config={h: f"{h}{k}", "seed": h},
                scores=run.scores | {h: Score(1.0 + k, 9, 0.5, 1.5, 0.1, 9, None, 5.0)},
                rates=run.rates | {h: 0.5},
                verdicts=[Finding(v.index, v.verdict, h, 1.0, 5.0) for v in run.verdicts],
                curves=run.curves | {h: [(1.0, 2.0), (2.0, 1.0)]},
                histograms={h: run.histograms["colours"]},
                pictures={h: picture, f"{h} gone": h.encode()},
                notes=[h],
            )
        )
    return write(judged, h, h), write(judged[:1], h, h)


def test_a_comparison_answers_in_order(many):
    order = ["sprites", "best", "trade-off", "scores", "differences", "noise-levels"]
    order += ["learning", "runs"]
    assert [name for name in Outline(many).ids() if name in order] == order


def test_the_first_sentence_names_the_best(many):
    assert "model-small_schedule-linear is better than model-tiny_schedule-linear" in many


def test_only_settings_that_differ_are_listed(many):
    heads = re.findall(r'<th scope="col">([^<]*)', many.split('id="differences"')[1])
    assert heads[: heads.index("seed") + 1] == ["Configuration", "model.width", "seed"]


def test_of_a_single_run_no_comparison_is_left(one):
    outline = Outline(one)
    gone = {"differences", "trade-off", "runs", "table"}
    assert not gone & set(outline.ids())
    assert not [attrs for _, attrs in outline.elements if "data-points" in attrs]
    assert len(outline.scripts) == 1, "the table library stays away"
    assert "Its sprite distance is" in outline.text


@pytest.mark.parametrize("page", ["one", "many"])
def test_nothing_comes_from_elsewhere(page, request):
    html = request.getfixturevalue(page)
    for tag, attrs in Outline(html).elements:
        for name in ("src", "href", "xlink:href", "action", "data"):
            if name in attrs:
                assert attrs[name].startswith(("data:", "#")), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
    assert not re.findall(r"url\((?!#|data:image/png;base64,)[^)]*\)", html.split("</style>")[0])
    assert "@import" not in html.split("</style>")[0]


@pytest.mark.parametrize("page", ["one", "many"])
def test_the_policy_names_exactly_our_scripts(page, request):
    outline = Outline(request.getfixturevalue(page))
    (policy,) = [a["content"] for _, a in outline.elements if "http-equiv" in a]
    allowed = re.search(r"script-src ([^;]*)", policy).group(1).split()
    hashes = {b64decode(each[8:-1]) for each in allowed}
    assert {sha256(script.encode()).digest() for script in outline.scripts} == hashes
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("page", ["one", "many"])
def test_it_can_be_read_with_a_screen_reader(page, request):
    outline = Outline(request.getfixturevalue(page))
    ids = outline.ids()
    assert len(ids) == len(set(ids))
    assert outline.elements[0] == ("html", {"lang": "en"})
    assert [tag for tag, _ in outline.elements].count("main") == 1
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    for tag, attrs in outline.elements:
        if tag == "img":
            assert attrs["alt"]
        if "sprite" in attrs.get("class", "").split() or tag == "svg":
            assert attrs["aria-label"]
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in ids


def test_strangers_words_are_only_shown(hostile):
    for html in hostile:
        outline = Outline(html)
        assert not any("hacked" in script for script in outline.scripts)
        assert not [
            attrs for tag, attrs in outline.elements if tag == "img" and "onerror" in attrs
        ]
        assert all(a.get("src", "data:").startswith("data:") for _, a in outline.elements)
        assert HOSTILE in outline.text
        assert "49$x$" not in outline.text


def test_pictures_that_are_not_there_are_said(hostile):
    assert "is no PNG or GIF file" in Outline(hostile[1]).text


def test_large_pictures_are_left_out_and_said(sprites):
    picture = b"\x89PNG" + bytes(1000)
    section = RunSection(fake_run("a", sprites, picture=picture), 0, 0, 16, room=900)
    assert section.pictures == []
    assert section.left_out == [
        "What the network thinks is not on this page: it is larger than there is room for."
    ]


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("n", [0, 20])
@pytest.mark.parametrize("runs", [1, 2])
def test_bare_sprites_are_enough(write, channels, n, runs):
    images = torch.randint(0, 256, (n, channels, 8, 12), dtype=torch.uint8)
    html = write([Judged(f"file {k}", {}, images) for k in range(runs)])
    assert html.count('class="sprite a0') == n + min(n, 16)
    if runs > 1:
        assert "There is no score that all runs have." in html


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("n", [1, 32, 45])
def test_every_sprite_lies_at_its_place_in_the_atlas(channels, n):
    images = torch.randint(0, 256, (n, channels, 8, 12), dtype=torch.uint8)
    atlas = Atlas(images)
    sheet = Image.open(io.BytesIO(b64decode(atlas.uri.partition(",")[2])))
    assert sheet.size == atlas.sheet_size
    pixels = np.asarray(sheet)
    wanted = rgba(images).permute(0, 2, 3, 1).numpy()
    for k in range(n):
        c, r = atlas.place(k)
        cell = pixels[r * 9 : r * 9 + 9, c * 13 : c * 13 + 13]
        assert (cell[:8, :12] == wanted[k]).all()
        assert (cell[8] == 0).all()
        assert (cell[:, 12] == 0).all()


def test_where_all_runs_are_equal_none_is_marked_as_the_best(write, sprites):
    score = Score(0.0, 9, higher_is_better=True)
    runs = [replace(fake_run(f"run-{k}", sprites), scores={"recall": score}) for k in "ab"]
    assert 'class="number best"' not in write(runs)
    runs[0].scores["recall"] = replace(score, value=0.5)
    assert write(runs).count('class="number best"') == 1


def test_what_real_sprites_score_is_a_line_beside_the_samples(write, sprites):
    runs = [fake_run(f"run-{k}", sprites) for k in "ab"]
    for run in runs:
        run.curves["held_out/sprite_fd"] = [(0.0, 1.2), (90.0, 1.2)]
    html = write(runs)
    learned = html.split('id="learning"')[1]
    dashes = [part.count("stroke-dasharray") for part in learned.split("<figure")]
    without = write([fake_run(f"run-{k}", sprites) for k in "ab"]).split('id="learning"')[1]
    assert sum(dashes) == 1 + without.count("stroke-dasharray")
    assert "Held out" not in html


def test_losses_by_level_of_different_schedules_come_with_a_caution(write, sprites, many):
    caution = "so does how much noise a t means"
    assert caution not in many
    assert caution in write(sweep(sprites, ("tiny",), 1, ("linear", "cosine")))


def test_a_name_goes_to_the_next_line_between_its_parts(write, sprites):
    long = "data.path-" + "x" * 30
    html = write([fake_run(f"{name}_seed-0", sprites) for name in ("model-tiny", long)])
    tiny = '<span class="part">model-tiny_</span><wbr><span class="part">seed-0</span>'
    assert tiny in html
    assert f'{long}_<wbr><span class="part">seed-0</span>' in html


@pytest.mark.parametrize("runs", [1, 6, 24])
@pytest.mark.parametrize("side", [16, 64])
def test_sprites_of_all_runs_fit_on_a_page(runs, side):
    run = Judged("x", {}, torch.zeros(1, 4, side, side, dtype=torch.uint8))
    shown = shown_sprites([run] * runs)
    assert shown >= MIN_SHOWN
    assert shown == MIN_SHOWN or 2 * shown * runs * 4 * side * side <= BYTES


def test_the_closest_pairs_come_first_and_show_the_right_sprites(sprites):
    run = fake_run("a", sprites)
    run.verdicts[20] = Finding(20, "copy", "Bob", 0.0, 0.0)
    run.verdicts[0] = Finding(0, "new", "Fred", 50.0, 90.0)
    section = RunSection(run, 0, 0, 16, 0)
    assert section.closest[0] == 20
    c, r = section.sprite(20).twin
    assert (section.atlas.images[r * 32 + c] == run.nearest[20]).all()
    assert "sample 20: copy, nearest training sprite Bob, distance 0.00" in section.sprite(20).says


@pytest.mark.parametrize("higher", [False, True])
def test_a_track_goes_from_real_to_noise(higher):
    floor, noise = (0.9, 0.1) if higher else (2.0, 400.0)
    places = [
        track("sprite_fd", Score(v, 9, floor=floor, noise=noise)).dot for v in (floor, noise)
    ]
    assert places == [6, 94]
    middle = track("sprite_fd", Score(0.5 if higher else 30.0, 9, floor=floor, noise=noise))
    assert 6 < middle.dot < 94


def test_a_track_uses_the_value_of_as_many_samples_as_the_floor_has():
    kept = {"floor": 1.0, "noise": 2.0, "low": 1.2, "high": 1.4}
    matched, plain = (track("sprite_fd", Score(1.3, 9, matched=m, **kept)) for m in (1.5, None))
    assert matched.dot == 50
    assert plain.dot < matched.dot
    assert matched.low < matched.dot < matched.high


@pytest.mark.parametrize(
    ("name", "measured", "possible"),
    [
        ("precision", (-0.03, 1.03), (0.0, 1.0)),
        ("sprite_fd", (-2.0, 5.0), (0.0, 5.0)),
        ("sprite_kd", (-2.0, 5.0), (-2.0, 5.0)),
        ("of_a_stranger", (-2.0, 5.0), (-2.0, 5.0)),
        ("precision", (None, None), None),
    ],
)
def test_an_interval_ends_where_a_score_does(name, measured, possible):
    assert interval(name, Score(0.5, 9, *measured)) == possible


def test_a_track_ends_where_a_score_does():
    low, high = (track("recall", Score(v, 9, v - 0.2, v + 0.2, 1.0, 9, None, 0.0)) for v in (0, 1))
    assert (low.low, low.high) == (76.4, 94)  # noise, with 0, is at the right
    assert (high.low, high.high) == (6, 23.6)


def test_a_page_and_its_json_show_no_impossible_share(sprites, write, tmp_path):
    run = fake_run("first", sprites)
    share = Score(0.01, 9, -0.02, 0.04, 0.9, 9, None, 0.0, None, True)
    run = replace(run, scores={"recall": share})
    for html in (write([run]), write([run, replace(run, name="second")])):
        assert "<small>0.00 to 0.0400</small>" in html
    assert "between 0.00 and 0.0400" in write([run])
    (tmp_path / "report.json").write_text(figures([run]))
    flat = json.loads((tmp_path / "report.json").read_text())
    assert (flat["samples/recall_low"], flat["samples/recall_high"]) == (0.0, 0.04)


def test_without_floor_or_noise_there_is_no_track():
    assert track("sprite_fd", Score(1.0, 9, floor=1.0)) is None
    assert track("sprite_fd", Score(1.0, 9, noise=1.0)) is None


def test_real_sprites_stand_above_the_first_run(write, sprites):
    runs = [replace(fake_run(f"run-{k}", sprites), real=sprites[:9]) for k in "ab"]
    for judged in (runs, runs[:1]):
        html = write(judged).split("</style>")[1]
        assert html.count('class="sprite r0"') == 9
        head = html[: html.index('id="best"')]
        assert head.rindex('class="sprite r0"') < head.index('class="sprite a0')
    other = replace(runs[1], real=sprites[9:12])
    html = write([runs[0], other]).split("</style>")[1]
    assert (html.count('class="sprite r0"'), html.count('class="sprite r1"')) == (9, 3)


def test_more_than_eight_runs_are_folded_away_below_the_first(write, sprites):
    html = write(sweep(sprites, ("small",), seeds=11))
    head = html.split('id="sprites"')[1].split('id="best"')[0]
    shown, folded = head.split("<summary>3 more</summary>")
    assert (shown.count("<tr>"), folded.count("<tr>")) == (8, 3)


def test_everything_but_the_answer_is_folded_away(many, one):
    for html in (many, one):
        body = html.split('id="best"')[1].split("<script>")[0]
        open_part = re.sub(r"<details.*?</details>", "", body, flags=re.DOTALL)
        assert "<table" not in open_part
        assert html.count("<details") == html.count("</details>")


def test_a_chart_that_says_nothing_is_left_out(sprites):
    def of(**curves):
        runs = [replace(fake_run(f"run-{k}", sprites), curves=curves) for k in "ab"]
        return [plot.title for plot in learning(configurations(runs))]

    point, flat, falling = [(1.0, 3.0)], [(1.0, 3.0), (2.0, 3.0)], [(1.0, 3.0), (2.0, 2.0)]
    found = {"preview/recall": point, "preview/sprite_fd": flat, "preview/coverage": falling}
    assert of(**found) == ["Coverage"]


def test_what_does_not_differ_is_no_trade_off(sprites):
    runs = [fake_run(f"run-{k}", sprites, 1 + k, config={"x": k}) for k in range(2)]
    for run, evaluations in zip(runs, (10, 25), strict=True):
        run.summary |= {"cpu_seconds": 100.0, "evaluations": evaluations}

    def titles():
        return [plot.title for plot in trade_offs(configurations(runs), "sprite_fd")]

    assert titles() == ["Quality against evaluations"]
    runs[0].summary["cpu_seconds"] = 300.0
    assert titles() == ["Quality against cost", "Quality against evaluations"]
    runs[0].rates["copy"] += 0.1
    assert titles()[2:] == ["Quality against novelty"]
    for run in runs:
        run.summary |= {"cpu_seconds": 100.0, "evaluations": 10}
    assert titles() == ["Quality against novelty"]


def test_a_histogram_with_one_and_the_same_bar_says_nothing(sprites):
    run = fake_run("a", sprites)
    everywhere = {"bins": [0, 1], "samples": [1.0, 0.0], "training": [1.0, 0.0]}
    run.histograms["soft_alpha"] = everywhere
    run.histograms["outline"] = everywhere | {"samples": [0.0, 1.0]}
    titles = [plot.title for plot in histograms(run)]
    assert "Outline" in titles
    assert "Soft alpha" not in titles


def test_seeds_are_one_line_and_their_spread(sprites):
    runs = sweep(sprites, ("small",), seeds=3)
    for k, run in enumerate(runs):
        run.curves = {"val/loss": [(1.0, 3.0 + k), (2.0, 2.0)]}
    (plot,) = learning(configurations(runs))
    assert plot.svg.count('data-series="0"') == 2  # the mean and the band
    runs[0].curves = {"val/loss": [(1.0, 3.0), (3.0, 2.0)]}
    (plot,) = learning(configurations(runs))
    assert plot.svg.count('data-series="0"') == 3  # measured at other places: a line each


def test_means_stand_in_the_table_with_the_deviation_of_their_seeds(write, sprites):
    runs = sweep(sprites, ("small", "tiny"), seeds=2)
    for run, value in zip(runs, (2.0, 3.0, 6.0, 6.0), strict=True):
        run.scores["sprite_fd"] = Score(value, 24)
    html = write(runs)
    assert "<b>2.50</b><small>± 0.71</small>" in html
    assert "<b>6.00</b><small>± 0</small>" in html


@pytest.mark.parametrize("page", ["one", "many"])
def test_the_table_can_be_saved_from_a_page_that_is_alone(page, request):
    outline = Outline(request.getfixturevalue(page))
    (link,) = [a["href"] for _, a in outline.elements if a.get("download") == "scores.csv"]
    kind, _, content = link.partition(";base64,")
    assert kind == "data:text/csv;charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b64decode(content).decode())))
    assert len(rows) == (4 if page == "many" else 1)
    for row in rows:
        assert float(row["sprite_fd_low"]) < float(row["sprite_fd"])
        assert float(row["sprite_fd_real"]) == 1.2
        assert float(row["cpu_seconds"]) > 0
        assert "recall_high" in row
    if page == "many":
        assert {row["model.width"] for row in rows} == {"64", "32"}
        assert [row["seed"] for row in rows] == ["0", "1", "0", "1"]


def test_a_name_is_no_formula_in_a_spreadsheet(sprites):
    runs = [fake_run(name, sprites) for name in ("=1+1", "a,b\n", "-x")]
    order = configurations(runs)
    rows = list(csv.DictReader(io.StringIO(scores_csv(order, [], ["sprite_fd"]))))
    assert sorted(row["run"] for row in rows) == ["'-x", "'=1+1", "a,b\n"]


def test_a_picture_that_runs_share_is_on_the_page_once(write, sprites):
    shared, own = png(Image.new("RGB", (4, 4))), png(Image.new("RGB", (5, 5)))
    runs = [
        replace(fake_run(name, sprites), pictures={"Noise": shared, "Panel": own + name.encode()})
        for name in "ab"
    ]
    html = write(runs)
    assert html.count('alt="Noise of') == 1
    assert html.count('alt="Panel of') == 2
    assert "Noise stands with a, and is the same." in html


def test_json_of_one_run_is_flat(sprites, tmp_path):
    (tmp_path / "report.json").write_text(figures([fake_run("first", sprites)]))
    flat = json.loads((tmp_path / "report.json").read_text())
    assert flat["name"] == "first"
    assert flat["samples/sprite_fd_low"] < flat["samples/sprite_fd"]
    assert flat["samples/sprite_fd_floor"] == 1.2
    assert flat["samples/copy_base"] == 0.0
    assert flat["parameters"] == 1153732
    assert not [value for value in flat.values() if isinstance(value, dict | list)]


def test_json_of_several_runs_is_by_name_and_lawful(sprites, tmp_path):
    judged = sweep(sprites, seeds=1)
    judged[0].summary["train/loss"] = float("nan")
    (tmp_path / "report.json").write_text(figures(judged))
    found = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert list(found) == [run.name for run in judged]
    assert found[judged[0].name]["train/loss"] is None
