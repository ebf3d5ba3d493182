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

from running import ROOT

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver", "pdflatex": "texlive-latex-recommended"}
RESULTS = ROOT / "results"
LATEX = r"""\documentclass{article}
\usepackage{booktabs,longtable}
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


@pytest.mark.parametrize("width", [1200, 500])
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
    seen = {told(page)}
    for name, choice in (("group", 3), ("which", 1)):
        Select(page.find_element(By.ID, name)).select_by_index(choice)
        seen.add(told(page))
    assert len(seen) == 3
    assert len(find_all(page, "#group option")) == 10


def test_a_click_on_a_heading_sorts_its_table(page):
    def column():
        return [float(cell.text) for cell in find_all(table, "tbody td:nth-child(2)")]

    table = next(table for table in find_all(page, "table.sortable") if table.text.startswith("gate checked passed"))
    heading = find_all(table, "th")[1]
    webdriver.ActionChains(page).scroll_to_element(heading).click(heading).perform()
    assert column() == sorted(column())
    heading.click()
    assert column() == sorted(column(), reverse=True)


def test_a_picture_of_it_can_be_looked_at(page):
    height = page.execute_script("return document.documentElement.scrollHeight")
    page.set_window_size(1200, min(height, 16000))
    assert page.save_screenshot(str(RESULTS / "report/screenshot.png"))


def test_the_table_compiles(programs, tmp_path):
    (tmp_path / "table.tex").write_text(LATEX)
    shutil.copy(RESULTS / "tables/summary.tex", tmp_path)
    for _ in range(2):  # a long table finds its widths in the second run
        command = [programs["pdflatex"], "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
        process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert process.returncode == 0, process.stdout[-2000:]
    assert (tmp_path / "table.pdf").read_bytes().startswith(b"%PDF")
