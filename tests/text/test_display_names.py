"""What addresses are called: by all spellings of what is secret in them."""

import itertools

import pytest

from vpn_anomaly.text.display_names import display_name, display_name_of_missing, display_names, mask_secrets

SECRET = "hunter2"


@pytest.mark.parametrize(
    "address, name",
    [
        ("rtsp://u:p@host:554/1", "rtsp://***@host:554/1"),
        ("rtsp://u:p@ss@host", "rtsp://***@host"),
        ("rtsp://u:p/ss@host/1", "rtsp://***@host/1"),
        ("rtsp://u:p?a#c@host", "rtsp://***@host"),
        ("rtsp://TOKEN@host", "rtsp://***@host"),
        ("http://cam/v.cgi?user=a&pwd=s", "http://cam/v.cgi?user=***&pwd=***"),
        ("http://cam/v.cgi?user=a;pwd=s#t=3", "http://cam/v.cgi?user=***;pwd=***#t=***"),
        ("rtsp://host/user=a&password=s", "rtsp://host/user=***&password=***"),
        ("rtsp://host/user=a/password=s", "rtsp://host/user=***/password=***"),
        ("rtsp://h/user=a_password=b_channel=1", "rtsp://h/user=***"),
        ("http://u:p@[::1]:80/x", "http://***@[::1]:80/x"),
        ("http://h/v?mail=a@b&pwd=s", "http://***@***"),  # which "@" it is, nobody knows
        ("http://h/film.mp4", "http://h/film.mp4"),
    ],
)
def test_names(address, name):
    assert display_name(address) == name == display_name(name)


@pytest.mark.parametrize(
    "source",
    [
        "camera:0",
        "/dev/video0",
        "rtsp:.mkv",
        "a:b@c.mp4",
        "day=1/film=2.mkv",
        "C:/day=1/a@b.mp4",
        "x*.mp4?a=b",
        "udp://@:5",
        "udp://@239.1.1.1:1234",
        "http://cam:80/film.mp4",
        "rtsp://[::1]:554/1",
        "h.mp4#t=3",
        "rtsp://cam/1",
    ],
)
def test_what_is_nothing_secret_is_shown(source):
    assert display_name(source) == source


WHERE = [  # {} is the password, or what ends in it
    "rtsp://u:{}@host/1",
    "rtsp://{}@host",
    "RTSP://u:{}@host",
    "http://u:x@{}@host:80/v?c=1",
    "ftp://u:{}@h",
    "rtsp://u:{}",
    "rtsp://u:{}/1",
    "https://h/v.cgi?user=u&pwd={}",
    "http://h/v?pwd={}&x=1",
    "http://h/v?{}",
    "http://h/v?pwd={};x=1#y",
    "http://h/v#token={}",
    "rtsp://h/user=u&password={}",
    "rtsp://h/password={}/1",
    "rtsp://h/user=u_password={}_channel=1.sdp",
    "rtsp://h/pwd={}?live",
    "http://h/pwd%3D{}",
    "http://h/?a=b@{}=c@d",
    "rtsp:/u:{}@h",
    "/home/me/http:/u:{}@h/1",
    " rtsp://u:{}@h",
    "x=rtsp://u:{}@h",
    "/home/me/http:/u:{}@h/to=http://x",
    "rtsp://u:{}@h/http:/x",
    "udp://h:1?localaddr={}",
]
NO_HOST = ["rtsp://u:{}", "rtsp://u:{}/1", "http://h/v?{}"]
BEFORE = [
    "",
    "@",
    "a@",
    "a/",
    "a?",
    "a#",
    "a:",
    "a&",
    "a;",
    "a=",
    "a%40",
    "a b",
    "a\n",
    "ä",
    "a//",
    "\udcff",
    "a'",
]


@pytest.mark.parametrize("where, before", list(itertools.product(WHERE, BEFORE)))
def test_a_password_is_not_shown(where, before):
    if before in ("@", "a@", "a%40") and where in NO_HOST:
        pytest.skip("what stands behind the last @ is taken for the host")
    address = where.format(before + SECRET)
    name = display_name(address)
    assert SECRET not in name and "***" in name and display_name(name) == name
    alone = [] if before[-1:].isalnum() else [SECRET]
    said = [address, repr(address), f"{before}{SECRET} is wrong", *alone]
    assert SECRET not in mask_secrets(", ".join(said), [address])


def test_a_password_is_not_shown_decoded():
    address = "http://me:p%40ss%2Fword@cam/v?key=%61bcdef"
    said = mask_secrets("no me:p@ss/word at cam: 'p@ss/word', ss/word, abcdef; p%40ss%2Fword", [address])
    assert said == "no *** at cam: '***', ***/***, ***; ***"
    assert mask_secrets("moved to rtsp://a:b@c/d, not found", []) == "moved to rtsp://***@c/d, not found"
    assert mask_secrets("connection refused", ["rtsp://c:on@h/r?e=f"]) == "connection refused"


@pytest.mark.parametrize(
    "mistyped",
    [
        "u:{}@cam/1",
        "rtsp:u:{}@cam",
        "rtsp//u:{}@cam",
        "http:\\\\u:{}@cam",
        "cam/v.cgi?user=u&pwd={}",
        "rtsp;//u:{}@h",
    ],
)
def test_a_mistyped_address_is_one_still(mistyped):
    assert SECRET not in display_name_of_missing(mistyped.format(SECRET))


@pytest.mark.parametrize(
    "path", ["/data/10:30/a@b.mp4", "day=1/film.mp4", "day?/n=1*.mp4", "a@b.mp4", "http.mp4"]
)
def test_a_file_that_is_not_there_is_named(path):
    assert display_name_of_missing(path) == path


def test_what_looks_alike_is_numbered():
    sources = ["rtsp://a:b@h/1", "film.mkv", "rtsp://c:d@h/1", "rtsp://a:b@h/2", "rtsp://a:b@h/1"]
    assert display_names(sources) == [
        "rtsp://***@h/1 #1",
        "film.mkv",
        "rtsp://***@h/1 #2",
        "rtsp://***@h/2",
        "rtsp://***@h/1 #1",
    ]
