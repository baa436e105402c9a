"""Imports go downwards only, and nothing outside data/ knows TensorFlow. Read from the source."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "vpn_anomaly"
TENSORFLOW = ("tensorflow", "tensorflow_datasets")

# From the ground upwards. A module may import from lower floors, and on its own floor from its own
# room (folder). A name covers everything below it, unless a longer one says otherwise.
FLOORS = (
    ("errors",),
    ("text",),
    ("files",),
    ("distributed",),
    (
        "config",
        "config_fields",
        "config_rules",
        "catalogue",
        "member_rows",
        "members",
        "system_rules",
        "variants",
        "arguments",
        "task_identity",
        "progress",
        "stop_request",
        "config_files",
        "config_overrides",
        "samples",
    ),
    ("ops", "data"),
    ("models",),
    ("systems",),
    ("storage", "pretrained"),
    ("scoring",),
    ("training", "evaluation", "watching", "export"),
    ("report",),
    ("evaluation_run",),
    ("detector",),
    ("modes",),
    ("main", "console", "command_line", "flag_rows", "usage"),
)
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}


def module_name(path):
    """ops.conv for vpn_anomaly/ops/conv.py; ops for its __init__."""
    return ".".join(part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py") if module_name(path)}


def floor(module):
    name = module
    while name and name not in FLOOR_OF:
        name = name.rpartition(".")[0]
    assert name, f"vpn_anomaly.{module} has no floor; give it one in FLOORS"
    return FLOOR_OF[name]


def room(module):
    """The folder of the package that a module lies in, empty for those beside main."""
    return module.partition(".")[0] if MODULES[module].parent != PACKAGE else ""


def imported(source):
    """(full name, at the top level of the module) of everything that a source text imports."""

    def walk(node, top_level):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, top_level
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, "relative imports hide the floor"
                for alias in child.names:
                    yield f"{child.module}.{alias.name}", top_level
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from walk(child, top_level and not inside)

    return list(walk(ast.parse(source), True))


def modules_imported(source):
    """The vpn_anomaly modules that a source text imports, without the package's name."""
    found = []
    for name, _ in imported(source):
        parts = name.split(".")
        if parts[0] == "vpn_anomaly":
            name = ".".join(parts[1:])
            while name and name not in MODULES:  # a function or class of a module
                name = name.rpartition(".")[0]
            if name:
                found.append(name)
    return found


def test_reading_imports():
    source = (
        "import a.b\nfrom vpn_anomaly.ops.conv import conv3x3\n"
        "from vpn_anomaly import config as c\n"
        "def f():\n    if True:\n        import tensorflow as tf\n"
    )
    assert imported(source) == [
        ("a.b", True),
        ("vpn_anomaly.ops.conv.conv3x3", True),
        ("vpn_anomaly.config", True),
        ("tensorflow", False),
    ]
    assert modules_imported(source) == ["ops.conv", "config"]


# What each module imports: (name, at the top level), and the modules of the package among them.
IMPORTED = {module: imported(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}
TARGETS = {module: modules_imported(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}


def test_imports_go_downwards():
    upwards = [
        f"vpn_anomaly.{module} must not import vpn_anomaly.{target}"
        for module, targets in TARGETS.items()
        for target in targets
        if not (
            floor(target) < floor(module) or floor(target) == floor(module) and room(target) == room(module)
        )
    ]
    assert not upwards


def test_ops_import_nothing_but_each_other_and_errors():
    others = {
        (module, target)
        for module, targets in TARGETS.items()
        for target in targets
        if module.startswith("ops.") and not target.startswith("ops.") and target != "errors"
    }
    assert not others


def test_tensorflow_is_known_to_data_alone_and_inside_functions():
    known = [
        (module, top_level)
        for module, names in IMPORTED.items()
        for name, top_level in names
        if name.split(".")[0] in TENSORFLOW
    ]
    assert known  # the names above are those that are imported
    for module, top_level in known:
        assert module.startswith("data."), f"vpn_anomaly.{module} imports TensorFlow"
        assert not top_level, f"vpn_anomaly.{module} imports TensorFlow outside a function"


def test_pyav_is_imported_inside_functions():
    """It takes a while, and loads FFmpeg."""
    known = [
        (module, top_level)
        for module, names in IMPORTED.items()
        for name, top_level in names
        if name.split(".")[0] == "av"
    ]
    assert known
    assert not [module for module, top_level in known if top_level]


def test_configs_stand_on_the_ground():
    for path in (ROOT / "configs").glob("*.py"):
        above = [
            target
            for target in modules_imported(path.read_text(encoding="utf-8"))
            if floor(target) > floor("config")
        ]
        assert not above, f"{path.name} imports {above}"


def test_the_package_imports_neither_experiments_nor_tests():
    for module, names in IMPORTED.items():
        above = [name for name, _ in names if name.split(".")[0] in ("experiments", "tests", "configs")]
        assert not above, f"vpn_anomaly.{module} imports {above}"
