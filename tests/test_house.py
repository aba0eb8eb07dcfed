"""The rules of the house: who may import whom, and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import movinet

ROOT = Path(movinet.__file__).parent

# Room -> the rooms that it may import, beside itself and `errors`.
MAY_IMPORT = {
    "frames": set(),
    "models": set(),
    "runtime": {"models"},
    "stream": {"frames", "models", "runtime"},
    "evaluation": {"frames", "models", "runtime", "stream"},
    "outputs": {"frames", "models", "runtime", "stream", "evaluation"},
    "synthetic": set(),
    "processes": set(),
    "network": {"models"},
    "weights": {"models", "network"},
    "datasets": {"frames", "models", "evaluation"},
    "export": {"frames", "models", "runtime", "network"},
    "training": {"datasets", "evaluation", "export", "models", "network"},
    "scale": {"frames", "models", "runtime", "stream", "outputs", "processes"},
    "live": {"frames", "models", "runtime", "stream", "outputs", "processes", "scale"},
    "web": {"frames", "models", "runtime", "stream", "outputs", "live", "scale"},
    "cli": {
        "frames",
        "models",
        "runtime",
        "stream",
        "evaluation",
        "outputs",
        "synthetic",
        "network",
        "weights",
        "datasets",
        "export",
        "training",
        "processes",
        "scale",
        "live",
        "web",
    },
}
# Room -> the packages from outside that it may import.
PACKAGES = {
    "frames": {"numpy", "av", "picamera2"},
    "models": {"ai_edge_litert", "flatbuffers"},
    "runtime": {"numpy", "ai_edge_litert", "onnxruntime", "openvino"},
    "stream": {"numpy"},
    "evaluation": {"numpy", "av"},
    "outputs": {"numpy", "av", "rich", "PIL", "pyarrow"},
    "synthetic": {"numpy", "av"},
    "processes": set(),
    "network": {"numpy", "torch", "safetensors"},
    "weights": {"numpy", "torch"},
    "datasets": {"numpy", "torch"},
    "export": {"numpy", "torch", "onnx", "ai_edge_litert"},
    "training": {"numpy", "torch"},
    "scale": {"numpy", "ray"},
    "live": {"numpy", "rich"},
    "web": {"av", "starlette", "uvicorn", "websockets"},
    "cli": {"click", "rich"},
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            found.add(node.module or "")
    return found


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def test_every_room_is_listed():
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == MAY_IMPORT.keys() == PACKAGES.keys()


def test_rooms_import_only_rooms_below_them():
    wrong = []
    for room, allowed in MAY_IMPORT.items():
        for path in files(room):
            for module in imports(path):
                parts = module.split(".")
                if parts[0] != "movinet" or len(parts) == 1:
                    continue
                if parts[1] not in {room, "errors", *allowed}:
                    wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_rooms_import_only_their_packages():
    wrong = []
    for room, allowed in PACKAGES.items():
        for path in files(room):
            for module in imports(path):
                package = module.split(".")[0]
                if package == "movinet" or package in sys.stdlib_module_names:
                    continue
                if package not in allowed:
                    wrong.append(f"{path.relative_to(ROOT)} imports {package}")
    assert not wrong


def test_a_rooms_init_only_hands_names_on():
    for room in MAY_IMPORT:
        body = ast.parse((ROOT / room / "__init__.py").read_text("utf-8")).body
        kinds = {type(node) for node in body}
        assert kinds <= {ast.Expr, ast.Import, ast.ImportFrom, ast.Assign}, room


def test_public_names_are_all_there():
    for name in movinet.__all__:
        assert getattr(movinet, name) is not None
        assert name in dir(movinet)


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_the_package_imports_nothing_else():
    assert not loaded_after("import movinet") & {"numpy", "av", "ai_edge_litert", "click", "rich"}


def test_the_classifier_needs_no_learning_or_drawing_packages():
    names = "Classifier, Stream, load, open_source, open_model"
    loaded = loaded_after(f"from movinet import {names}")
    assert not loaded & {"torch", "cv2", "PIL", "matplotlib", "rich", "click", "tqdm"}
