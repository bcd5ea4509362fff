"""Figures of the smoke runner on generated code: a service with heavy imports, a change, any size.

    python -m benchmarks.smoke_service --python PYTHON [--jobs N] [heavy|affected|memory|linear]...

PYTHON needs pandas, scikit-learn, SQLAlchemy and FastAPI; ``linear`` needs nothing. Without a word
all is measured. Each is the command ``guard smoke`` as a user starts it, with its own start:

- ``heavy``: the whole service against a fresh ``python -c "import m"`` for each module.
- ``affected``: one changed module that nothing imports against ``python -c "import m"`` of it.
- ``memory``: the proportional set size of all processes of the run, sampled, against one process
  that imports all modules. A folder (``memory=FOLDER``) is measured instead of the service.
- ``linear``: 100, 1,000 and 5,000 modules: seconds for each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import trees
from benchmarks.measure import Command, interleave, once, peak_memory
from benchmarks.smoke import modules_of, naive
from guard.smoke.wire import from_json

TOP = Path(__file__).parents[1]
PROJECT = '[project]\nname = "service"\nversion = "1"\n'
PORTS, TABLES, STEPS, ROUTES = 20, 20, 34, 34
LEAVES = {
    "stdlib alone": "service.ports.port_19",
    "SQLAlchemy": "service.storage.table_19",
    "FastAPI, SQLAlchemy, pandas": "service.routes.route_33",
    "pandas, scikit-learn": "service.steps.step_33",
}
"""Modules that nothing imports: what they need in the end, and the name."""
_STEPS = (
    "from sklearn.ensemble import RandomForestClassifier as Model",
    "from sklearn.linear_model import Ridge as Model",
    "from sklearn.cluster import KMeans as Model",
    "from sklearn.decomposition import PCA as Model",
    "from sklearn.pipeline import Pipeline as Model",
)


def service() -> dict[str, str]:
    """The files of a service of some 110 modules: ports, tables, processing steps, routes."""
    files = {"pyproject.toml": PROJECT, ".gitignore": "__pycache__/\n", "service/__init__.py": ""}
    for name in ("ports", "storage", "steps", "routes"):
        files[f"service/{name}/__init__.py"] = ""
    for n in range(PORTS):
        files[f"service/ports/port_{n}.py"] = (
            "import dataclasses\nimport logging\n\nlog = logging.getLogger(__name__)\n\n\n"
            f"@dataclasses.dataclass(frozen=True)\nclass Port{n}:\n    name: str\n    size: int\n"
        )
    for n in range(TABLES):
        files[f"service/storage/table_{n}.py"] = (
            "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n"
            f"from service.ports.port_{n % (PORTS - 1)} import Port{n % (PORTS - 1)}\n\n\n"
            "class Base(DeclarativeBase):\n    pass\n\n\n"
            f"class Table{n}(Base):\n    __tablename__ = 't{n}'\n    port = Port{n % (PORTS - 1)}\n"
            "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        )
    for n in range(STEPS):
        files[f"service/steps/step_{n}.py"] = (
            f"import numpy as np\nimport pandas as pd\n{_STEPS[n % len(_STEPS)]}\n\n"
            f"from service.ports.port_{n % (PORTS - 1)} import Port{n % (PORTS - 1)}\n\n\n"
            f"def step_{n}(frame: pd.DataFrame, port: Port{n % (PORTS - 1)}) -> np.ndarray:\n"
            "    return np.asarray(Model().fit(frame))\n"
        )
    for n in range(ROUTES):
        steps = "" if n == ROUTES - 1 else f"from service.steps.step_{n} import step_{n}\n"
        files[f"service/routes/route_{n}.py"] = (
            f"import pandas as pd\nfrom fastapi import APIRouter\n\n{steps}"
            f"from service.storage.table_{n % (TABLES - 1)} import Table{n % (TABLES - 1)}\n"
            f"\nrouter = APIRouter(prefix='/r{n}')\n\n\n"
            f"@router.get('/')\ndef read(name: str) -> dict[str, str]:\n"
            f"    return {{name: str(pd.NaT), 'table': Table{n % (TABLES - 1)}.__tablename__}}\n"
        )
    routes = range(ROUTES - 1)
    files["service/main.py"] = (
        "from fastapi import FastAPI\n\n"
        + "".join(f"from service.routes import route_{n}\n" for n in routes)
        + "\napp = FastAPI()\n"
        + "".join(f"app.include_router(route_{n}.router)\n" for n in routes)
    )
    return files


def build(folder: Path) -> None:
    """The service as a git repository."""
    for name, text in service().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    trees.git(folder, "init", "--quiet", "--initial-branch=main")
    trees.git(folder, "add", "--all")
    trees.git(folder, "commit", "--quiet", "--message", "The service")


def compiled(folder: Path, python: str) -> None:
    """Have the bytecode written, as it is wherever code was run before."""
    command = [python, "-m", "compileall", "-q", str(folder)]
    subprocess.run(command, env=os.environ | _environment(""), check=True)


def guard(folder: Path, python: str, *options: str) -> Command:
    """``guard smoke`` of this checkout; entry points are not what is measured."""
    argv = (sys.executable, "-m", "guard", "smoke", "--no-entry", "--python", python, *options)
    return Command(argv, folder, env=_environment(os.pathsep.join((str(TOP), str(TOP / "rules")))))


def plain(folder: Path, python: str, *modules: str) -> Command:
    """One process that imports ``modules``, whether they can be imported or not."""
    code = "import importlib, sys\nsys.path[:0] = ['']\nfor name in sys.argv[1:]:\n"
    code += "    try: importlib.import_module(name)\n    except BaseException: pass"
    if len(modules) == 1:
        code, modules = f"import {modules[0]}", ()
    return Command((python, "-c", code, *modules), folder, accept=(0,), env=_environment(""))


def _environment(path: str) -> dict[str, str]:
    # Bytecode is written, as everywhere.
    pools = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "", **pools}


def heavy(folder: Path, python: str, jobs: int) -> None:
    """The whole service, both ways; no module fails, or the guard would not end well."""
    names = [module for module, _, _ in modules_of(folder)]
    command = guard(folder, python, "-j", str(jobs))
    Command(command.argv, folder, (0,), command.env).check(command.start().wait())
    fast = min(once(command) for _ in range(3))
    began = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        said = list(pool.map(lambda name: naive(python, folder, name), names))
    slow = time.perf_counter() - began
    print(f"{len(names)} modules, {sum(map(bool, said))} fail the plain way")
    print(f"  plain {slow:.1f} s, guard smoke {fast:.1f} s: {slow / fast:.1f} times, {jobs} jobs")


def affected(folder: Path, python: str, _: int) -> None:
    """A changed leaf, committed (``--since``) and staged (the hook)."""
    for needs, leaf in LEAVES.items():
        path = folder / (leaf.replace(".", "/") + ".py")
        path.write_text(path.read_text(encoding="utf-8") + "\nCHANGED = True\n", encoding="utf-8")
        trees.git(folder, "add", "--all")
        alone = plain(folder, python, leaf)
        staged, one = interleave([guard(folder, python, "--staged"), alone], 7)
        trees.git(folder, "commit", "--quiet", "--message", "A change")
        since, two = interleave([guard(folder, python, "--since", "HEAD~1"), alone], 7)
        print(f"{leaf} ({needs}): import {min(one.median, two.median):.3f} s")
        print(f"  --staged {staged.median:.3f} s, {staged.median / one.median:.1f} times")
        print(f"  --since  {since.median:.3f} s, {since.median / two.median:.1f} times")


def memory(folder: Path, python: str, jobs: int) -> None:
    """All processes of the run, the guard's own too, and one that imports everything."""
    with tempfile.TemporaryDirectory() as temporary:
        record = Path(temporary, "record.json")
        _, run = peak_memory(
            guard(folder, python, "-j", str(jobs), "--record-run", str(record), ".")
        )
        observed = from_json(json.loads(record.read_text(encoding="utf-8")))
    names = [run.module for run in observed.modules]
    _, one = peak_memory(plain(folder, python, *names))
    print(f"{folder.name}: {len(names)} modules, {jobs} jobs")
    print(f"  one process {one:.0f} MB, guard smoke {run:.0f} MB: {run / one:.2f} times")


def light(folder: Path, count: int) -> Path:
    """Modules that import next to nothing."""
    for number in range(count):
        path = folder / f"app/p{number // 100}/m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import logging\n\nVALUE = {number}\nlog = logging.getLogger()\n")
        (path.parent / "__init__.py").touch()
    (folder / "app/__init__.py").touch()
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def linear(_: Path, python: str, jobs: int) -> None:
    """Ever more modules, of two shapes: next to nothing in each, and the usual 3 kB of code."""
    for count in (100, 1000, 5000):
        with tempfile.TemporaryDirectory() as temporary:
            for shape in (light(Path(temporary), count), trees.generated(count)):
                compiled(shape, python)
                seconds = once(guard(shape, python, "-j", str(jobs)))
                kind = "generated" if shape.parent.name == "generated" else "light"
                each = seconds / count * 1000
                print(f"{count} {kind} modules: {seconds:.1f} s, {each:.1f} ms each")


FIGURES = {"heavy": heavy, "affected": affected, "memory": memory, "linear": linear}


def main() -> None:
    """Read the command line, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", nargs="*", metavar="FIGURE[=FOLDER]")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        folder.mkdir()
        build(folder)
        compiled(folder, options.python)
        for word in options.figures or FIGURES:
            name, _, other = word.partition("=")
            FIGURES[name](Path(other).resolve() if other else folder, options.python, options.jobs)


if __name__ == "__main__":
    main()
