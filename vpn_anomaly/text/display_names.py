"""The name of a source in all output: its address without its secrets.

    display_name("rtsp://me:pass@cam/1?key=abc")  # rtsp://***@cam/1?key=***

In doubt more is hidden: people put passwords into addresses unescaped, with any of the characters
that separate the parts of an address.
"""

import collections
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Sequence

HIDDEN = "***"
# One slash is enough after a scheme of streams: pathlib writes addresses so, and people mistype them so.
_STREAMS = r"(?:rtsps?|rtmps?|s?rtp|srt|https?|udp|tcp|tls|s?ftps?|mmsh?|wss?)"
_START = re.compile(rf".*?(?:://+|(?<![\w+.-]){_STREAMS}:/+)", re.DOTALL | re.IGNORECASE)
# No ":" or no slashes after the scheme, or no scheme: user:password@host, host/page?name=value.
_MISTYPED = re.compile(
    rf"({_STREAMS}(?:[:;][/\\]*|[/\\]+))|[^/\\:@]+:.*@|[\w.-]+(?::\d+)?/.*\?[^/]*=", re.DOTALL | re.IGNORECASE
)
_HOST = re.compile(r"(\[[^\]]*\]|[^:=%&;]*)(:\d{0,5})?")
_JOINED = re.compile("=.*_[^&;/=]*=", re.DOTALL)  # user=a_password=b, the syntax of some recorders
_EQUALS = "(?:=|%(?:25)*3D)"
_SHORT = 4  # characters; shorter secrets are masked in messages as whole words only


def display_name(source: str) -> str:
    """The source as it may be shown: the address of a stream without its secrets.

    `***` replaces everything between "://" and the last "@" of the whole address, and the value of
    every name=value after it. Other sources (a file, a camera) are returned unmodified. Idempotent.
    """
    start = _START.match(source)
    return start[0] + _without_secrets(source[start.end() :]) if start else source


def display_names(sources: Sequence[str]) -> list[str]:
    """The display names of one command's sources; equal names of different sources end in #1, #2, …"""
    alike = collections.defaultdict(list)
    for source in dict.fromkeys(sources):
        alike[display_name(source)].append(source)
    name_of = {
        source: name if len(of_name) == 1 else f"{name} #{number}"
        for name, of_name in alike.items()
        for number, source in enumerate(of_name, start=1)
    }
    return [name_of[source] for source in sources]


def display_name_of_missing(source: str) -> str:
    """Like `display_name`, for a name that no file has: it may be a mistyped address."""
    mistyped = _MISTYPED.match(source)
    if _START.match(source) or not mistyped:
        return display_name(source)
    scheme = mistyped[1] or ""
    return scheme + _without_secrets(source.removeprefix(scheme))


def display_name_of_webhook(address: str) -> str:
    """Scheme and host alone, since the path of a webhook is often the secret itself: https://host/***."""
    parts = re.fullmatch(r"(\w[\w+.-]*://[^/?#]*)(.*)", display_name(address), re.DOTALL)
    if not parts:
        return HIDDEN
    return parts[1] + (f"/{HIDDEN}" if parts[2].strip("/") else "")


def mask_secrets(words: str, addresses: Iterable[str]) -> str:
    """A message of FFmpeg, the system or Python with *** for every secret of the addresses in it."""
    for address in addresses:
        name = display_name(address)
        if name != address:
            words = replace_address(words, address, name)
            for secret in _spellings(_secrets(address)):
                at_ends = r"(?<!\w){}(?!\w)" if len(secret) < _SHORT else "{}"
                words = re.sub(at_ends.format(re.escape(secret)), HIDDEN, words)
    return re.sub(r"[A-Za-z][\w+.-]*://\S+", lambda found: display_name(found[0]), words)


def replace_address(words: str, address: str, name: str) -> str:
    """The words with every spelling of the whole address replaced by the name."""
    for spelling in _spellings([address, str(pathlib.PurePath(address)), " ".join(address.split())]):
        words = words.replace(spelling, name)
    return words


def _without_secrets(rest: str) -> str:
    """The part of an address after the slashes, without secrets."""
    user, at, rest = _groups("(?:(.*)(@|%40))?(.*)", rest)
    beginning = (HIDDEN if user else "") + at
    if re.search(f"[/?#].*{_EQUALS}", user, re.DOTALL | re.IGNORECASE):  # the "@" may be in a value
        return beginning + HIDDEN
    host, path, query = _groups("([^/?#]*)([^?#]*)(.*)", rest)
    if not _HOST.fullmatch(host):  # "user:password" without its "@host"
        return beginning + HIDDEN
    if _JOINED.search(path):
        return beginning + host + path[: path.index("=") + 1] + HIDDEN
    path, path_values = _values(path, "&;/")
    equals = re.search(_EQUALS, path, re.IGNORECASE)  # without a name, or twice
    if equals:
        path = path[: equals.end()] + HIDDEN
    query, query_values = _values(query, "&;?#")
    if query[1:]:  # a token without a name
        query = query[0] + HIDDEN
    return "".join([beginning, host, path, path_values, query, query_values])


def _groups(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a pattern that matches every text; empty ones for those that took no part."""
    match = re.fullmatch(pattern, text, re.DOTALL)
    assert match, f"{pattern} does not match every text"
    return match.groups(default="")


def _values(text: str, separators: str) -> tuple[str, str]:
    """The text before the first name=, and all names from there on, with *** for their values.

    A value ends where the next name begins, so it may contain separators.
    """
    names = list(re.finditer(_name(separators), text, re.DOTALL | re.IGNORECASE))
    before = text[: names[0].start()] if names else text
    return before, "".join(found[0] + HIDDEN for found in names)


def _name(separators: str) -> str:
    """A pattern for a name with its "=", followed by a value."""
    return rf"[{separators}][^{separators}=]+?{_EQUALS}(?![{separators}=]|\Z)"


def _secrets(address: str) -> list[str]:
    """The secrets that the display name of an address hides, whole and in parts."""
    start = _START.match(address)
    user, _, after = address[start.end() if start else 0 :].rpartition("@")
    values = re.findall(rf"{_EQUALS}(.*?)(?=[&;/?#]|\Z)", after, re.DOTALL | re.IGNORECASE)
    secrets = [user, *re.split("[:@]", user), user.partition(":")[2], *values]
    words = lambda text: re.split(r"\W+", text) + re.split(r"[\W_]+", text)
    return [*secrets, *set(words(urllib.parse.unquote(address))).difference(words(display_name(address)))]


def _spellings(texts: Iterable[str]) -> list[str]:
    """The texts unmodified, percent-encoded, percent-decoded, and as repr writes them; longest first."""
    found = set()
    for text in texts:
        for spelled in (
            text,
            urllib.parse.unquote(text),
            urllib.parse.quote(text, errors="surrogatepass"),
            urllib.parse.quote(text, safe="", errors="surrogatepass"),
        ):
            found |= {spelled, repr(spelled)[1:-1]}
    return sorted(filter(None, found), key=len, reverse=True)
