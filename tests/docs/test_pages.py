"""README.md, WORKSPACE.md and the pages of docs/: what they point at and name exists.

Their tables of results are checked beside the programs that write them (tests/experiments).
"""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, Page
from vpn_anomaly import config_fields, usage
from vpn_anomaly.modes import MODES

README = PAGES[0]
FLAGS_OF_OTHERS = {"--dist", "--no-deps"}  # of pytest-xdist, of pip
FOLDERS = ("configs/", "experiments/", "docs/", "tests/", "vpn_anomaly/", ".ci/")
SUFFIXES = (".json", ".jsonl", ".npz", ".csv")  # of files whose names look like a field's
of_all_pages = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def test_a_newcomer_reads_few_lines_and_finds_both_commands_first():
    assert README.text.count("\n") < 150
    install_and_train, install_and_test = (block.text.split(" && ") for block in README.blocks[:2])
    assert install_and_train[-1].startswith("python -m vpn_anomaly.main --config=configs/quick.py --workdir=")
    assert install_and_test[-1] == "python -m pytest\n"
    assert README.text.index("![") < README.text.index("```")


def test_a_page_is_read(tmp_path):
    """The reader itself, on all that it has to tell apart."""
    path = tmp_path / "page.md"
    path.write_text(
        "# One `two`, three\n[a](b.md#c) `not [a](link)` `in\ntwo lines`\n"
        "<!-- run -->\n```python\n# no heading\n```\n"
        "- list\n  ```sh\n  # words\n  A=1 python -m a.b --c \\\n    'd e' # f\n"
        "  for i in 1; do python -m g $i & done\n  ```\n"
        "`python -m h -i`\n"
    )
    page = Page(path)
    assert (page.anchors, page.links) == (["one-two-three"], ["b.md#c"])
    assert page.spans == ["two", "not [a](link)", "in two lines", "python -m h -i"]
    assert [(block.mark, block.language) for block in page.blocks] == [("run", "python"), ("", "sh")]
    assert page.commands == [["a.b", "--c", "d e"], ["g", "$i"], ["h", "-i"]]


@of_all_pages
def test_every_block_ends(page):
    assert "```" not in page.prose and page.prose.count("`") % 2 == 0


@of_all_pages
def test_links_lead_somewhere(page):
    pages = {known.path: known for known in PAGES}
    for link in page.links:
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        assert target.is_file(), f"{page.name}: there is no {link}"
        assert not anchor or anchor in pages[target].anchors, f"{page.name}: there is no heading {link}"
        if page.path.parent == ROOT / "docs":  # the site has nothing else
            assert target.parent == page.path.parent, f"{page.name}: write {link} as code"


@of_all_pages
def test_files_that_are_named_exist(page):
    made = [block.mark.removeprefix("the file ") for block in page.blocks]
    for span in page.spans:
        if "/" not in span or re.search(r"[ <…*=]|[A-Z]{2}", span) or span in made:
            continue
        if span.startswith(FOLDERS) or span.endswith((".py", ".ipynb")):
            path = span.partition(":")[0]
            places = (ROOT, ROOT / "vpn_anomaly", ROOT / "experiments")
            assert any((place / path).exists() for place in places), f"{page.name}: there is no {span}"


@of_all_pages
def test_fields_that_are_named_exist(page):
    names = {field.name for field in config_fields.FIELDS}
    sections = {name.rpartition(".")[0] for name in names} | {"model", "detector"}
    for span in page.spans:
        for name in re.findall(r"(?:^|--config\.)([a-z]\w*(?:\.\w+)+)(?==|$| )", span):
            if name.partition(".")[0] in sections and not re.search("[A-Z]{2}", name):
                assert name in names | sections or name.endswith(SUFFIXES), f"{page.name}: no field {name}"


@of_all_pages
def test_flags_and_modes_that_are_named_exist(page):
    flags = set(re.findall(r"--\w+", usage.help_text())) | FLAGS_OF_OTHERS
    programs = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "experiments").rglob("*.py"))
    for span in page.spans:
        for flag in re.findall(r"^--[\w-]+", span):
            assert flag in flags or f'"{flag}"' in programs, f"{page.name}: there is no {span}"
        for mode in re.findall(r"--mode=([a-z]+)", span):
            assert mode in MODES, f"{page.name}: there is no {span}"
