"""The commands and the Python in README.md, WORKSPACE.md and the pages of docs/ are understood, and run."""

import contextlib
import importlib
import io
import re

import pytest

from tests.docs.pages import PAGES, ROOT
from vpn_anomaly import command_line, config_files
from vpn_anomaly import config as configuration

OTHER_MODULES = ("pytest", "sphinx")
CHANGED = "docs/add_a_model.md"  # its commands are of a changed package: test_added_model.py
of_all_pages = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which commands find the files that they read."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "sequences.npz").touch()
    (tmp_path / "cameras.txt").write_text("one.mp4\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@of_all_pages
def test_commands_are_understood(page, folder):
    """Those of vpn_anomaly.main are parsed and checked as if they were to be run; of programs the flags are known."""
    for module, *words in page.commands:
        if module == "vpn_anomaly.main":
            if page.name != CHANGED:
                command_line.parse(completed(words))
        elif module in OTHER_MODULES:
            named = [word for word in words if word.startswith(("tests", "docs"))]
            assert all((ROOT / name).exists() for name in named), named
        else:
            assert module.startswith("experiments."), f"{page.name}: python -m {module}"
            unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - help_of(module)
            assert not unknown, f"{page.name}: {module} has no {unknown}"


def completed(words: list[str]) -> list[str]:
    """A command with words for what is left open: `…`, and the number of the process."""
    if "…" in words:
        words = ["--config=configs/video.py", "--config.data.path=normal", "--workdir=runs", *words]
    of_run = re.compile(r"--checkpoint=(runs/(\w+))")  # which is not there: its config in its place
    if trained := next(filter(None, map(of_run.fullmatch, words)), None):
        words = [word for word in words if word != trained[0]]
        words += [f"--config=configs/{trained[2]}.py", f"--workdir={trained[1]}"]
        words += ["--config.data.path=normal"] if trained[2] == "video" else []
    return [word.replace("$i", "0") for word in words if "…" not in word]


def help_of(module: str) -> set[str]:
    """The flags in the --help of a program."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as stopped:
        importlib.import_module(module).main(["--help"])
    assert stopped.value.code == 0
    return set(re.findall(r"--\w+", out.getvalue()))


@of_all_pages
def test_python_blocks_compile(page):
    for block in page.blocks:
        if block.language == "python":
            compile(block.text, page.name, "exec")


def marked(mark: str):
    """Parameters: the blocks with this mark, each with the one after it (None for the last)."""
    found = [
        pytest.param(block, following, id=f"{page.name}-{number}")
        for page in PAGES
        for number, (block, following) in enumerate(zip(page.blocks, [*page.blocks[1:], None]))
        if block.mark == mark
    ]
    return pytest.mark.parametrize("block, following", found)


@marked("run")
def test_blocks_that_are_to_run_print_what_stands_below(block, following, folder, capsys):
    exec(compile(block.text, "page", "exec"), {"__name__": "page"})
    expected = following.text if following is not None and following.mark == "output" else ""
    assert capsys.readouterr().out == expected


@marked("a config")
def test_configs_can_be_had(block, following, folder):
    (folder / "own.py").write_text(block.text)
    for variant in ("", ":debug"):
        configuration.check(config_files.load_config(f"own.py{variant}"))


def test_there_are_such_blocks():
    marks = {block.mark for page in PAGES for block in page.blocks}
    assert {"run", "output", "a config", "a row of ATTENTIONS"} <= marks
