"""The report of a run: complete, escaped, self-contained; opened in Chromium where that is installed."""

import html
import itertools
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from postergenre import load_learner, read_movies
from postergenre.recipes.custom_cnn import main as custom_cnn
from postergenre.report.contents import contents, genre_words, signed
from postergenre.report.page import main, movies_of, read_record, render, write_report

NASTY = """<script>alert(1)</script> "double" & 'single'"""
CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--v=0"),
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install -y chromium")


class Page(HTMLParser):
    "What the tests ask of a page: its tags, headings and pictures."

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.headings, self.images, self.ids, self.targets = [], [], [], [], []
        self._in_heading = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.targets += [attrs["href"][1:]] if attrs.get("href", "").startswith("#") else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
            self._in_heading = tag
        if tag == "img":
            self.images.append(attrs)

    def handle_endtag(self, tag):
        self._in_heading = None if tag == self._in_heading else self._in_heading

    def handle_data(self, data):
        if self._in_heading:
            self.headings[-1][1] += data


@pytest.fixture(scope="module")
def run(demo_folder, tmp_path_factory) -> Path:
    "A finished run on a few demo posters. It left a figure open for each of its plots, or a warning of too many."
    out = tmp_path_factory.mktemp("runs") / "run"
    custom_cnn(data=str(demo_folder), epochs=2, size="64", bs=8, balance="study:20", out=str(out))
    assert plt.get_fignums() == []
    return out


@pytest.fixture
def text(run) -> str:
    return (run / "report.html").read_text(encoding="utf-8")


def test_the_run_wrote_a_report_with_every_section(text):
    headings = [heading.split(":")[0] for _, heading in Page(text).headings]
    for section in (
        "Configuration",
        "Movies",
        "Balance of the genres",
        "Training",
        "Results",
        "Genre by genre",
        "Confusions",
        "Examples",
        "Best",
        "Worst",
        "At random",
        "Grad-CAM",
        "Reliability",
        "Versions and time",
    ):
        assert section in headings


def test_it_says_how_it_was_made_and_what_was_left_out(run, text):
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["command"] in html.unescape(text)
    assert metrics["versions"]["torch"] in text and metrics["device"] in text
    assert "no poster" in text and metrics["data"]["left_out"]["no poster"] > 0
    assert "popularity" in text and "random" in text and "Top-n accuracy:" in text
    assert "Demo posters." in text


def test_it_is_one_file_below_4_mb_that_refers_to_nothing(text):
    page = Page(text)
    assert len(text.encode()) < 4e6
    assert all(image["src"].startswith("data:image/") for image in page.images)
    sources = [a.get("src") or a.get("href") or a.get("srcset") for _, a in page.tags]
    assert all(s.startswith(("data:", "#")) for s in sources if s)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object")]
    assert "url(" not in text and "@import" not in text


def test_it_is_accessible(text):
    page = Page(text)
    assert ("html", {"lang": "en"}) in page.tags
    assert any(a.get("name") == "viewport" for tag, a in page.tags if tag == "meta")
    assert all(len(image["alt"]) > 8 for image in page.images)
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(set(page.ids)) == len(page.ids) and set(page.targets) <= set(page.ids)
    assert all(a.get("scope") for tag, a in page.tags if tag == "th")


def test_examples_are_posters_as_text_and_pictures(text):
    alts = [image["alt"] for image in Page(text).images]
    assert sum(alt.startswith("Poster of ") for alt in alts) == 3 * 8 + 6
    assert sum(alt.startswith("Heat map of ") for alt in alts) == 3 * 6


@pytest.fixture(scope="module")
def nasty(run) -> dict:
    "What the page says where the data holds markup."
    record = read_record(run)
    movies = movies_of(record)
    movies["title"] = NASTY
    movies.attrs["left_out"] = {NASTY: [NASTY]}
    record.metrics["config"] |= {"data": NASTY, NASTY: 1}
    record.metrics["command"] += NASTY
    return contents(record, movies, load_learner(run / "learner.pkl"))


def test_titles_and_names_from_the_data_are_escaped(nasty):
    text = render(nasty)
    page = Page(text)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert "&lt;script&gt;alert(1)" in text
    assert any(image["alt"].startswith(f"Poster of {NASTY}") for image in page.images)


def test_a_leaky_run_says_so_wherever_its_numbers_stand(nasty, text):
    assert "leaky</strong>" not in text
    text = render(nasty | {"leaky": True})
    leaky = [heading for _, heading in Page(text).headings if heading.endswith(" leaky")]
    assert {h.removesuffix(" leaky") for h in leaky} >= {"Results", "Genre by genre", "Confusions", "Examples"}
    assert text.count('<strong class="leaky">') >= 10
    assert "crops of one poster stood in training and in the test" in text


@pytest.fixture
def copy(run, tmp_path) -> Path:
    return shutil.copytree(run, tmp_path / "copy")


def test_the_command_makes_the_same_report_again_or_says_what_is_missing(copy, text, capsys):
    (copy / "report.html").unlink()
    main([str(copy)])
    assert (copy / "report.html").read_text(encoding="utf-8") == text
    assert str(copy / "report.html") in capsys.readouterr().out
    (copy / "metrics.json").unlink()
    with pytest.raises(SystemExit, match=r"holds no metrics\.json; pass the folder of a finished recipe run"):
        main([str(copy)])


def test_it_tells_what_the_run_told_and_draws_curves_only_where_there_is_a_history(copy, text):
    "The report asked by the names of columns and keys what kind of run it was."
    metrics = json.loads((copy / "metrics.json").read_text())
    assert f"<p>{metrics['training']['words']}</p>" in text and "Lines by epoch, 1 to 2: training loss" in text
    metrics["training"] = {"heading": "Fitted", "words": "By hand."}
    (copy / "metrics.json").write_text(json.dumps(metrics))
    (copy / "history.csv").unlink()
    again = write_report(copy).read_text(encoding="utf-8")
    assert '<h2 id="training-h">Fitted</h2>' in again and "<p>By hand.</p>" in again and "Lines by" not in again


def test_what_is_said_of_examples_and_genres_is_true(nasty):
    "All genres stood on top above posters with a wrong one, and one movie had the greatest gain."
    for heading, said, posters in nasty["examples"]:
        shares = [sum(right for *_, right in card.top) / len(card.top) for card in posters]
        if heading != "At random":
            assert shares == sorted(shares, reverse=heading == "Best") and "share of their genres on top" in said
    support = {"Drama": 40, "Comedy": 30, "War": 12, "Action": 10, "Other": 1}
    genres = pd.DataFrame({"support": pd.Series(support), "lift": [1.2, 1.5, 3.0, 2.0, 14.3]})
    said = "Of the genres with 10 movies or more, most is gained for War (3.0) and Action (2.0), least for"
    assert genre_words(genres).startswith(said)
    assert "single movies decide" in genre_words(genres.assign(support=3))


def test_a_difference_of_nothing_has_no_sign():
    assert [signed(x) for x in (-0.04, 0.0, 0.04, -0.06, 1.25)] == ["0.0", "0.0", "0.0", "−0.1", "+1.2"]


def test_a_run_of_one_epoch_or_judged_on_training_movies_says_so(copy, nasty):
    metrics = json.loads((copy / "metrics.json").read_text())
    assert "figures of 2 epochs. What has the best" in metrics["training"]["words"]
    result = read_record(copy).result
    result.sides = {"train": len(result.ids)}
    stopped = nasty["run"] | {"stopped_early": True, "config": nasty["run"]["config"] | {"epochs": 1}}
    text = render(nasty | {"result": result, "run": stopped})
    assert "of 1 epoch." in text and "training never saw" not in text
    assert text.count('<strong class="leaky">TRAINING') >= 10 and "(TRAINING): movie genres" in text


def test_movies_of_another_data_set_are_refused(copy, demo_folder):
    movies = read_movies(demo_folder, verbose=False).assign(split="test")
    movies["id"] = "x" + movies["id"]
    with pytest.raises(ValueError, match="lacks 19 of 19 movies"):
        write_report(copy, movies)


@needs_chromium
def test_in_chromium_no_request_leaves_the_page_and_nothing_is_logged(run, tmp_path):
    console, requests = browse(run / "report.html", tmp_path, "--window-size=1200,2400")
    assert (console, requests) == ([], [])


@needs_chromium
@pytest.mark.parametrize(("width", "height"), [(1200, 2400), (390, 1600)])
def test_screenshot(run, tmp_path, width, height):
    "For the README: POSTERGENRE_REPORT=runs/x/report.html POSTERGENRE_SCREENSHOTS=docs pytest -k screenshot"
    report = Path(os.environ.get("POSTERGENRE_REPORT") or run / "report.html").resolve()
    # A headless window is at least 500 pixels wide: a frame makes a phone of it.
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<body style="margin:0"><iframe src="{report.as_uri()}" '
        f'style="border:0;width:{width}px;height:{height}px"></iframe>'
    )
    browse(frame, tmp_path, f"--window-size={max(width, 500)},{height}", f"--screenshot={tmp_path / 'shot.png'}")
    shot = Image.open(tmp_path / "shot.png").convert("RGB").crop((0, 0, width, height))
    assert len(shot.getcolors(width * height)) > 200
    if keep := os.environ.get("POSTERGENRE_SCREENSHOTS"):
        shot.save(Path(keep) / f"report-{width}.png", optimize=True)


@needs_chromium
def test_the_chromium_test_would_see_requests_and_errors(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text('<img src="http://127.0.0.1:9/x.png"><script>console.error("boom")</script>')
    console, requests = browse(page, tmp_path)
    assert "boom" in console[0] and requests == ["http://127.0.0.1:9/x.png"]


def browse(page: Path, tmp_path: Path, *flags: str) -> tuple[list[str], list[str]]:
    "Open a page in Chromium: what it logged, and what it asked the network for."
    log, profile = tmp_path / "net.json", tmp_path / "profile"
    flags = [*FLAGS, f"--user-data-dir={profile}", f"--log-net-log={log}", *flags]
    if not any(f.startswith("--screenshot") for f in flags):
        flags.append(f"--screenshot={tmp_path / 'unused.png'}")
    # Nothing is resolved: neither Chromium's own calls nor the page's get out, but all are logged.
    command = [CHROMIUM, *flags, "--host-resolver-rules=MAP * ~NOTFOUND", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    shutil.rmtree(profile, ignore_errors=True)
    net = json.loads(log.read_text())
    start = net["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    started = [e["params"] for e in net["events"] if e["type"] == start and "url" in e.get("params", {})]
    # Chromium's own requests, for updates and accounts, have no origin.
    asked = [p["url"] for p in started if p.get("initiator") != "not an origin"]
    return [line for line in done.stderr.splitlines() if ":CONSOLE:" in line], asked
