"""The report of the smoke study in a headless Chromium, and its LaTeX table through pdflatex: `make report-test`.

Needs Debian's packages `PACKAGES`, which are installed where that may be done, and skips, saying so, where it may not.
"""

import os
import shutil
import subprocess

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from running import ROOT

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver", "pdflatex": "texlive-latex-recommended"}
AXE = "axe-core@4.14.1"
RESULTS = ROOT / "results"
LATEX = r"""\documentclass{article}
\usepackage{booktabs}
\begin{document}
\input{summary.tex}
\end{document}
"""

pytestmark = pytest.mark.report


@pytest.fixture(scope="session")
def programs():
    """Paths of what the packages bring."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        if os.getuid() or not shutil.which("apt-get"):
            pytest.skip(f"not installed, and not ours to install: {', '.join(missing)}")
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet)
        subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], check=True, env=quiet)
    return {program: shutil.which(program) for program in PACKAGES}


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The script of axe-core, which finds what keeps people from a page."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed: axe-core is not available")
    folder = tmp_path_factory.mktemp("axe")
    packed = subprocess.run(["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True)
    if packed.returncode:
        pytest.skip(f"{AXE} is not available: {packed.stderr.strip()[-200:]}")
    shutil.unpack_archive(folder / packed.stdout.strip(), folder)
    return (folder / "package/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(programs):
    """The report, open in a browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs["chromedriver"]))
    driver.get((RESULTS / "report/report.html").as_uri())
    yield driver
    driver.quit()


def find_all(page, selector):
    return page.find_elements(By.CSS_SELECTOR, selector)


def told(page):
    return page.find_element(By.ID, "told").text


def test_it_opens_alone_and_without_an_error(page):
    assert page.title == "Is adversarial training with compressed datasets effective?"
    assert (RESULTS / "report/report.html").stat().st_size < 15e6
    fetched = "return performance.getEntriesByType('resource').map(entry => entry.name.slice(0, 5))"
    assert set(page.execute_script(fetched)) <= {"data:"}
    broken = "return [...document.images].filter(image => !image.naturalWidth).map(image => image.alt)"
    assert page.execute_script(broken) == []
    assert page.get_log("browser") == []


@pytest.mark.parametrize("width", [1200, 600, 500])
def test_nothing_is_wider_than_the_page(page, width):
    page.set_window_size(width, 1000)
    assert (
        page.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    )
    page.set_window_size(1200, 1000)


def test_a_click_on_a_centre_shows_what_it_covers_and_how_far_that_is(page):
    before = told(page)
    ring = next(ring for ring in find_all(page, "#map .centre") if "chosen" not in ring.get_attribute("class"))
    number = ring.get_attribute("data-centre")
    webdriver.ActionChains(page).scroll_to_element(ring).click(ring).perform()
    assert told(page) != before
    assert told(page).startswith(f"Image {number} of the training set stands for ")
    captions = [caption.text for caption in find_all(page, "#covered figcaption")]
    distances = [float(text) for text in captions[1:]]
    assert captions[0] == "centre"
    assert distances
    assert distances == sorted(distances)
    assert len(find_all(page, "#map line")) == len(captions)
    drawn = page.execute_script("return getComputedStyle(document.querySelector('#covered .tile')).backgroundImage")
    assert drawn.startswith('url("data:image/')
    assert page.get_log("browser") == []


def test_the_explorer_answers_to_the_keyboard_and_changes_class_and_cover(page):
    ring = next(ring for ring in find_all(page, "#map .centre") if "chosen" not in ring.get_attribute("class"))
    number = ring.get_attribute("data-centre")
    ring.send_keys(Keys.ENTER)
    assert f"Image {number} " in told(page)
    focused = page.switch_to.active_element
    assert focused.get_attribute("data-centre") == number  # the picture is drawn anew, the focus stays
    other = next(ring for ring in find_all(page, "#map .centre") if ring.get_attribute("data-centre") != number)
    number = other.get_attribute("data-centre")
    other.send_keys(Keys.SPACE)
    assert f"Image {number} " in told(page)
    assert all(tile.get_attribute("aria-label") for tile in find_all(page, "#covered .tile"))
    seen = {told(page)}
    for name, choice in (("group", 3), ("which", 1)):
        Select(page.find_element(By.ID, name)).select_by_index(choice)
        seen.add(told(page))
    assert len(seen) == 3
    assert len(find_all(page, "#group option")) == 10


def sheet(page, name):
    """A table with its search, link and pages."""
    return page.find_element(By.CSS_SELECTOR, f'.sheet[data-name="{name}"]')


def wait_for_order(heading, order):
    """Until a column is sorted, which the page does after it has answered to the click."""
    WebDriverWait(heading, 10).until(lambda waited: waited.get_attribute("aria-sort") == order)


def test_a_heading_sorts_its_table_by_click_and_by_keyboard_and_says_so(page):
    def column():
        return [float(cell.text) for cell in find_all(table, "tbody td:nth-child(2)")]

    table = sheet(page, "checks")
    heading = find_all(table, "th")[1]
    webdriver.ActionChains(page).scroll_to_element(heading).click(heading).perform()
    wait_for_order(heading, "ascending")
    assert column() == sorted(column())
    heading.find_element(By.CSS_SELECTOR, "[role=button]").send_keys(Keys.ENTER)
    wait_for_order(heading, "descending")
    assert column() == sorted(column(), reverse=True)


def test_effects_sort_by_sign_and_size(page):
    claims = sheet(page, "claims")
    place = [heading.text for heading in find_all(claims, "th")].index("effects")
    heading = find_all(claims, "th")[place]
    webdriver.ActionChains(page).scroll_to_element(heading).click(heading).perform()
    wait_for_order(heading, "ascending")
    cells = find_all(claims, f"tbody td:nth-child({place + 1})")
    effects = [float(cell.text.split(" ")[0]) for cell in cells if cell.text]
    assert len(effects) > 3
    assert effects == sorted(effects)


def test_a_search_leaves_the_rows_that_have_the_words(page):
    accuracy = sheet(page, "robust-accuracy")
    before = len(find_all(accuracy, "tbody tr"))
    search = accuracy.find_element(By.CSS_SELECTOR, "input[type=search]")
    search.send_keys("mtt standard")
    rows = find_all(accuracy, "tbody tr")
    assert 0 < len(rows) < before
    assert all("mtt" in row.text and "standard" in row.text for row in rows)
    assert accuracy.find_element(By.CSS_SELECTOR, "[aria-live]").text == f"{len(rows)} of {before} rows"
    search.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    assert len(find_all(accuracy, "tbody tr")) == before


def test_every_figure_has_its_pdf_and_every_table_its_csv_in_the_page(page):
    linked = "return [...document.querySelectorAll(arguments[0])].map(link => link.href.slice(0, arguments[1]))"
    assert set(page.execute_script(linked, "figcaption a", 20)) == {"data:application/pdf"}
    assert len(find_all(page, "figcaption a")) == len(find_all(page, "main figure img"))
    assert set(page.execute_script(linked, ".sheet .tools a", 13)) == {"data:text/csv"}
    assert len(find_all(page, ".sheet .tools a")) == len(find_all(page, ".sheet table"))


def test_every_entry_of_the_contents_leads_to_a_heading(page):
    targets = [link.get_attribute("href").partition("#")[2] for link in find_all(page, "nav a")]
    assert targets[:2] == ["results", "claims"]
    assert all(page.find_element(By.ID, target).tag_name in ("h2", "h3") for target in targets)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(page, axe, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.execute_script(axe)
    run = "axe.run(document, {resultTypes: ['violations']}).then(found => arguments[0](found.violations))"
    violations = page.execute_async_script(run)
    assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []


def test_a_picture_of_it_can_be_looked_at(page):
    height = page.execute_script("return document.documentElement.scrollHeight")
    page.set_window_size(1200, min(height, 16000))
    assert page.save_screenshot(str(RESULTS / "report/screenshot.png"))


def test_the_table_compiles(programs, tmp_path):
    (tmp_path / "table.tex").write_text(LATEX)
    shutil.copy(RESULTS / "tables/summary.tex", tmp_path)
    command = [programs["pdflatex"], "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout[-2000:]
    assert (tmp_path / "table.pdf").read_bytes().startswith(b"%PDF")
