"""What breaks a file, and what only looks like one of ours."""


def flip(path, rng):
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def truncate(path, rng):
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def nested(depth):
    content = {}
    for _ in range(depth):
        content = {"a": [content]}
    return content
