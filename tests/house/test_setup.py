"""What is installed is what the locks say, from any index, on a PC and on a Raspberry Pi."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import HOUSE

LOCKS = ["edge", "cloud", "demo", "dev"]
EXTRAS = {"edge": [], "cloud": ["cloud"], "demo": ["cloud", "sim"], "dev": ["cloud", "sim", "dev"]}


def lock_text(name: str) -> str:
    return (HOUSE / "requirements" / f"{name}.lock").read_text()


def pins(name: str) -> dict[str, str]:
    """Package to exact version; only lines that pin."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock_text(name), re.MULTILINE)
    return {canonicalize_name(package): pinned for package, pinned in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_everything_with_hashes_and_no_addresses(name: str):
    entries = re.split(r"\n(?=\S)", lock_text(name))
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert packages
    for entry in packages:
        head = entry.splitlines()[0]
        assert re.match(r"[A-Za-z0-9._-]+==\S+", head), f"not pinned: {head}"
        assert "--hash=sha256:" in entry, f"no hash: {head}"
    assert not re.search(r"://|^\s*-(i|f|-index|-extra|-find|-trusted)", lock_text(name), re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_answers_what_the_project_asks_for(name: str):
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(r for e in EXTRAS[name] for r in project["optional-dependencies"][e])]
    locked = pins(name)
    for requirement in map(Requirement, asked):
        pinned = locked.get(canonicalize_name(requirement.name))
        assert pinned is not None, f"make lock: {requirement} isn't in {name}.lock"
        assert requirement.specifier.contains(pinned), f"make lock: {requirement}, but {name}.lock has {pinned}"


def test_the_lists_of_dependencies_are_sorted():
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    for listed in [project["dependencies"], *project["optional-dependencies"].values()]:
        names = [canonicalize_name(Requirement(line).name) for line in listed]
        assert names == sorted(names)


@pytest.mark.parametrize("name", ["edge", "cloud", "demo"])
def test_every_lock_agrees_with_the_one_the_tests_run_on(name: str):
    assert pins(name).items() <= pins("dev").items()


def test_the_environment_holds_what_the_lock_says():
    differing = {}
    for package, pinned in pins("dev").items():
        try:
            installed = version(package)
        except PackageNotFoundError:
            installed = "absent"
        if installed != pinned:
            differing[package] = f"{installed}, locked {pinned}"
    assert differing == {}


def test_one_opencv_alone_and_it_is_the_headless_one():
    done = subprocess.run(
        [sys.executable, HOUSE / "setup/check_opencv.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert all("opencv-python" not in pins(name) for name in LOCKS)


@pytest.mark.parametrize("script", ["setup.sh", "packages.sh", "apt.sh", "lock.sh"])
def test_the_setup_scripts_parse(script: str):
    done = subprocess.run(["bash", "-n", HOUSE / "setup" / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_word_make_knows_is_listed_by_make_help():
    text = (HOUSE / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    listed = subprocess.run(["make", "-s", "help"], cwd=HOUSE, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in listed.splitlines()] == phony[1].split()
