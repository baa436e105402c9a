"""The site: built without a warning, with its pictures, tables and code, and nothing that is fetched from outside."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT

for _package in ("sphinx", "myst_parser", "furo"):
    pytest.importorskip(_package, reason="the site needs the extra docs: pip install -e '.[docs]'")


pytestmark = pytest.mark.slow  # starts a process


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_pages_have_their_pictures_tables_and_code(site):
    page = (site / "own_camera.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', page)
    assert len(pictures) == 2 and all((site / picture).is_file() for picture in pictures)
    assert page.count("<table") == 3 and page.count("<pre>") == 3
    assert "Raises" in (site / "api.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_from_outside(site):
    """Links may lead outside; what a page loads may not."""
    fetched = r'<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]*"'
    for path in site.rglob("*.html"):
        assert not re.findall(fetched, path.read_text(encoding="utf-8")), path
    for path in site.rglob("*.css"):
        assert not re.findall(
            r"(?:@import|url\()\s*[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")
        ), path


def test_the_search_has_an_index_of_all_pages(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert all(f'"{page.stem}"' in index for page in (ROOT / "docs").glob("*.md"))
