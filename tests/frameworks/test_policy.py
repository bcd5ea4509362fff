"""What a policy adds to the table of frameworks, and what it takes out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from guard.model import Finding
from guard.testing import FakeProject
from guard_rules.type_checking_evaluated_annotation import RULE, Options

HEAD = (
    "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from decimal import Decimal\n"
)
OWN_BASE = {
    "shop/__init__.py": "",
    "shop/base.py": "class Record: ...\n",
    "shop/price.py": HEAD + "from .base import Record\nclass Price(Record):\n    value: Decimal\n",
}
CASES: dict[str, tuple[Options, Mapping[str, str]]] = {
    "a base of a library": (
        Options(base_classes=("vendor.Model",)),
        {"a.py": HEAD + "import vendor\nclass Price(vendor.Model):\n    value: Decimal\n"},
    ),
    "a base of the project": (Options(base_classes=("shop.base.Record",)), OWN_BASE),
    "a decorator": (
        Options(decorators=("vendor.checked",)),
        {"a.py": HEAD + "from vendor import checked\n@checked\ndef f(value: Decimal): ...\n"},
    ),
    "a method of an instance": (
        Options(decorators=("vendor.App().route",)),
        {
            "a.py": HEAD + "from web import app\n@app.route('/')\ndef f(value: Decimal): ...\n",
            "web.py": "from vendor import App\napp = App()\n",
        },
    ),
    "a function": (
        Options(functions=("vendor.read",)),
        {"a.py": HEAD + "import vendor\nclass A:\n    value: Decimal\nvendor.read(A)\n"},
    ),
}


def names(files: Mapping[str, str], options: Options) -> list[str]:
    found = RULE.check(FakeProject(files), options)
    return [finding.name for finding in found if isinstance(finding, Finding)]


@pytest.mark.parametrize("case", CASES)
def test_a_policy_can_name_more(case: str) -> None:
    options, files = CASES[case]
    assert names(files, options) == ["Decimal"]
    assert names(files, Options()) == []


def test_a_policy_can_exempt_an_owner() -> None:
    files = {
        "shop.py": HEAD + "from pydantic import BaseModel\n"
        "class Price(BaseModel):\n    value: Decimal\nclass Cost(BaseModel):\n    value: Decimal\n"
    }
    assert names(files, Options()) == ["Decimal", "Decimal"]
    assert names(files, Options(exempt=("shop.Price",))) == ["Decimal"]


def test_a_finding_says_how_the_class_came_to_be_looked_at() -> None:
    files = {
        "models.py": "import pydantic\nclass Base(pydantic.BaseModel): ...\n",
        "a.py": HEAD + "from models import Base\nclass Price(Base):\n    value: list[Decimal]\n",
    }
    (finding,) = RULE.check(FakeProject(files), Options())
    assert isinstance(finding, Finding)
    assert [(step.place.path, step.place.line, step.text) for step in finding.chain] == [
        ("a.py", 6, "class Price derives from Base"),
        ("models.py", 2, "class Base derives from pydantic.BaseModel"),
    ]
    assert (finding.place.line, finding.place.column, finding.place.end_column) == (7, 17, 24)
    assert finding.guard is not None
    assert (finding.guard.path, finding.guard.line) == ("a.py", 4)


def test_a_file_that_cannot_be_parsed_is_not_judged() -> None:
    files = {
        "a.py": HEAD + "import pydantic\nclass A(pydantic.BaseModel):\n    x: Decimal\ndef f(:\n"
    }
    found = list(RULE.check(FakeProject(files), Options()))
    assert found
    assert not any(isinstance(finding, Finding) for finding in found)
