"""README.md, WORKSPACE.md and the pages of docs/, read: links, headings, code blocks, code in the text, commands."""

import dataclasses
import functools
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).parents[2]
_BLOCK = re.compile(
    r"(?:^<!-- ([^\n]*) -->\n)?^( *)```(\w*|\{[\w-]+\})\n(.*?)^\2```$", re.MULTILINE | re.DOTALL
)
_SEPARATORS = {"&&", ";", "&", "|"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        mark: the comment in the line before it; empty: none. What tests do with it.
        language, text: what it says.
    """

    mark: str
    language: str
    text: str


@dataclasses.dataclass(frozen=True)
class Page:
    """A Markdown file of the repository."""

    path: pathlib.Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @functools.cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @functools.cached_property
    def blocks(self) -> list[Block]:
        return [Block(mark or "", language, text) for mark, _, language, text in _BLOCK.findall(self.text)]

    @functools.cached_property
    def prose(self) -> str:
        """Without the blocks."""
        return _BLOCK.sub("", self.text)

    @functools.cached_property
    def spans(self) -> list[str]:
        """The code in the text, each in one line."""
        return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", self.prose)]

    @functools.cached_property
    def links(self) -> list[str]:
        """The targets of links and pictures; parentheses in code are none."""
        return re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`]*`", "`", self.prose))

    @functools.cached_property
    def anchors(self) -> list[str]:
        """Of its headings, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]

    @functools.cached_property
    def commands(self) -> list[list[str]]:
        """The words of every `python -m …` in blocks and in the text, from the module's name on.

        `vpn-anomaly COMMAND …` is vpn_anomaly.main --mode=COMMAND …
        """
        shell = [block.text for block in self.blocks if block.language == "sh"]
        found = []
        for text in (*shell, *(span for span in self.spans if "python -m " in span)):
            for words in _commands(text):
                if words[:2] == ["python", "-m"]:
                    found.append(words[2:])
                elif words[0] == "vpn-anomaly":
                    found.append(["vpn_anomaly.main", f"--mode={words[1]}", *words[2:]])
        return found


def _commands(text: str) -> list[list[str]]:
    """The words of each command of a shell text, without variables that are set before it."""
    lexer = shlex.shlex(text.replace("\\\n", " ").replace("\n", "\n;"), posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word in _SEPARATORS:
            commands.append([])
        elif commands[-1] or not re.match(r"[A-Z_]+=", word) and word != "do":
            commands[-1].append(word)
    return [words for words in commands if words]


PAGES = [
    Page(path) for path in (ROOT / "README.md", ROOT / "WORKSPACE.md", *sorted((ROOT / "docs").glob("*.md")))
]
