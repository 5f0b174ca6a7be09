"""The driver as a project installs it: its parts, joined in the order of their names, as one module `driver`."""

import glob
import importlib.util
import os
import sys
import tempfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "templates", "driver")


def text():
    parts = []
    for path in sorted(glob.glob(os.path.join(FOLDER, "*.py"))):
        with open(path, encoding="utf-8") as file:
            parts.append(file.read())
    return "".join(parts)


def _load():
    # A real file, so that messages have lines and the command line finds its folder.
    folder = tempfile.TemporaryDirectory(prefix="netlathe-driver-")
    path = os.path.join(folder.name, "axi_stream_driver.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text())
    spec = importlib.util.spec_from_file_location("axi_stream_driver", path)
    module = importlib.util.module_from_spec(spec)
    module.temporary = folder
    sys.modules["axi_stream_driver"] = module
    spec.loader.exec_module(module)
    return module


driver = _load()
