"""The page in a browser, as a user meets it: `python -m postergenre.app`, Debian's Chromium without a screen.

The README's picture is made by these tests too, with a model that works well:
POSTERGENRE_APP_MODEL=runs/probe/model POSTERGENRE_SCREENSHOTS=examples python -m pytest -n 0 tests/app
"""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from postergenre.data.demo.make import draw_poster

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install 'postergenre[dev]'")
pytest.importorskip("gradio", reason="pip install 'postergenre[app]'")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
GOLDEN = Path(__file__).parents[1] / "inference" / "golden"
MODEL = os.environ.get("POSTERGENRE_APP_MODEL") or GOLDEN / "ensemble"
PICTURES = os.environ.get("POSTERGENRE_SCREENSHOTS")
SAID = "text.jpg is no whole picture, of JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF"
DESKTOP, PHONE = {"width": 1180, "height": 900}, {"width": 390, "height": 844}
SECONDS = 120
# Says where the server connects to, or whose address it asks for, beyond this machine.
WATCHED = """
import runpy, sys
def hook(event, args):
    place = args[1] if event == "socket.connect" else args if event == "socket.getaddrinfo" else None
    if isinstance(place, tuple) and place[0] not in ("127.0.0.1", "::1", "localhost", None):
        print("OUTSIDE", place, file=sys.stderr, flush=True)
sys.addaudithook(hook)
sys.argv = ["app", *sys.argv[1:]]
runpy.run_module("postergenre.app", run_name="__main__")
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def posters(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("posters")
    for name, genres, seed in (("night.jpg", ["Horror"], 50), ("love.png", ["Comedy", "Romance"], 51)):
        draw_poster(genres, seed).save(folder / name)
    (folder / "text.jpg").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    "The command; what it said stands in the file `said`, and the folder it works in is gone when it ends."
    scratch = tmp_path_factory.mktemp("server")
    said = scratch / "said"
    env = os.environ | {"TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", WATCHED, str(MODEL), "--port", "0"]
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out, text=True, env=env, cwd=scratch)
    line = process.stdout.readline()
    assert line, said.read_text()
    yield {"url": re.search(r"http://127\.0\.0\.1:\d+", line)[0], "said": said, "scratch": scratch}
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    assert list(scratch.glob("postergenre-*")) == []


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        # whatever is not of this machine is refused
        options = ["--no-sandbox", "--proxy-server=127.0.0.1:9", "--force-prefers-reduced-motion"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def asked() -> list[str]:
    "The addresses that the browser asked for."
    return []


@pytest.fixture
def page(browser, server, asked):
    context = browser.new_context(viewport=DESKTOP)
    context.on("request", lambda request: asked.append(request.url))
    context.set_default_timeout(1000 * SECONDS)
    page = context.new_page()
    page.goto(server["url"])
    page.get_by_text("Genres of movie posters").wait_for()
    yield page
    context.close()


def drop(page, *files):
    page.locator("input[type=file]").set_input_files(list(files))


def heats(page) -> list[str]:
    "The pictures beside the poster, once all is there."
    page.locator(".figures img").first.wait_for()
    page.wait_for_function("() => !document.querySelector('.generating, .pending')")
    return [image.get_attribute("src") for image in page.locator(".figures img").all()[1:]]


def choose(page, label: str, option: str):
    page.get_by_label(label).click()
    page.get_by_role("option", name=option, exact=True).click()


def save_picture(page, name: str):
    if PICTURES:
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)
        page.screenshot(path=Path(PICTURES) / name, full_page=True)


def test_a_poster_gives_genres_and_each_genre_its_own_heat(page, posters):
    drop(page, posters / "night.jpg")
    page.locator(".bars").first.wait_for()
    names = page.locator(".bars th").all_text_contents()
    shares = [int(text.partition("%")[0]) for text in page.locator(".bars .number").all_text_contents()]
    assert len(names) >= 3 and shares == sorted(shares, reverse=True)
    named = page.locator(".bars .named th").all_inner_texts()
    assert named and page.get_by_role("heading", level=2).inner_text() == ", ".join(named)
    assert page.get_by_label("Evidence for").input_value() == names[0]
    assert page.locator(".bar").first.bounding_box()["width"] > 100  # the style is there
    before = heats(page)
    save_picture(page, "app.png")
    choose(page, "Evidence for", names[2])
    page.get_by_role("img", name=f"evidence for {names[2]} is").first.wait_for()
    after = heats(page)
    assert len(before) == len(after) >= 1 and before != after
    if page.get_by_text("Words: what it reads").count():  # as the model of the tests does
        assert "SUMMER" in page.locator(".parts").inner_text()


def test_text_named_jpg_is_one_sentence(page, posters):
    drop(page, posters / "text.jpg")
    said = page.get_by_role("alert").inner_text()
    assert said.splitlines() == ["text.jpg cannot be read", SAID]
    assert page.get_by_label("Evidence for").count() == 0


def test_many_posters_are_a_table_and_a_csv(page, posters):
    drop(page, *sorted(posters.iterdir()))
    page.get_by_text("Download all probabilities").wait_for()
    heats(page)
    table = " ".join(page.locator(".table-wrap").all_inner_texts())
    wanted = ("night.jpg", "love.png", "text.jpg", SAID)
    assert all(text in table for text in wanted), table
    with page.expect_download() as waiting:
        page.get_by_text("Download all probabilities").click()
    assert waiting.value.suggested_filename == "genres.csv"
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert [row["poster"] for row in rows] == ["love.png", "night.jpg", "text.jpg"]
    assert [bool(row["error"]) for row in rows] == [False, False, True]
    assert rows[0]["genres"].split(", ") and 0 < float(rows[0]["Drama"]) < 1 and rows[2]["Drama"] == ""
    save_picture(page, "app-many.png")
    choose(page, "Poster shown below", "text.jpg")
    page.get_by_role("alert").wait_for()
    choose(page, "Poster shown below", "night.jpg")
    page.get_by_role("img", name="Poster night.jpg").wait_for()


def test_an_example_on_a_phone(page):
    "Nothing is wider than the screen."
    page.set_viewport_size(PHONE)
    examples = page.locator("button.gallery-item")
    examples.nth(5).wait_for()  # the page is still being laid out
    assert examples.count() == 6
    examples.first.click()
    heats(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    save_picture(page, "app-phone.png")


def test_a_keyboard_reaches_everything_and_shows_where_it_is(page, posters):
    drop(page, *sorted(posters.iterdir()))
    heats(page)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
            const it = document.activeElement, style = getComputedStyle(it);
            const seen = it === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none';
            return (it.getAttribute('aria-label') || it.textContent).trim().slice(0, 40) + (seen ? '' : ' UNSEEN');
        }"""
            )
        )
    wanted = ("Download all", "Evidence for", "Poster shown below")
    assert all(any(text in name for name in reached) for text in wanted), reached
    assert not [name for name in reached if name.endswith("UNSEEN")], reached


def test_limits_are_said(page, posters, tmp_path):
    many = [tmp_path / f"{i}.jpg" for i in range(101)]
    for file in many:
        file.write_bytes(b"x" + file.name.encode())
    drop(page, *many)
    page.get_by_text("up to 100 can be looked at at once").wait_for()
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(21_000_000))
    page.reload()
    page.get_by_text("Genres of movie posters").wait_for()
    drop(page, large)
    page.get_by_text(re.compile("maximum", re.I)).first.wait_for()


def test_nothing_else_can_be_read_and_no_folder_is_named(server):
    "Nor can the machine be sent elsewhere."
    # not urlopen, which goes on with the proxy that another test of this process had set when it was first called
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, body=None) -> tuple[int, str]:
        try:
            body = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(server["url"] + path, body, {"Content-Type": "application/json"})
            with opener.open(request, timeout=SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    status, config = ask("/config")
    assert status == 200 and str(server["scratch"]) not in config
    there = str(server["said"])
    for path in (f"file={there}", "file=uploads/../../said", "file=http://example.org/a.jpg", "runs", "app_id"):
        status, said = ask(f"/gradio_api/{path}")
        assert status in (403, 404) and str(server["scratch"]) not in said.replace(there, ""), path
    picture = str(GOLDEN / "poster.png")
    for path in (
        there,
        picture,
        "examples/horror.jpg",
        "uploads",
        "http://example.org/a.jpg",
    ):  # of a poster that was uploaded
        poster = {"path": path, "meta": {"_type": "gradio.FileData"}}
        assert ask("/gradio_api/queue/join", {"data": [[poster]], "fn_index": 0, "session_hash": "thief"})[0] == 200
        said = ask("/gradio_api/queue/data?session_hash=thief")[1]
        assert '"success":false' in said.replace(" ", "") and there not in said
    assert "Only posters that were uploaded" in said


def test_no_request_leaves_the_machine(server, asked):
    "Of all tests above: neither the browser's nor the server's."
    elsewhere = {url for url in asked if not url.startswith((f"{server['url']}/", "data:", "blob:"))}
    assert len(asked) > 20 and elsewhere == set()
    assert "OUTSIDE" not in server["said"].read_text()
