"""The examples of this rule: they document it and test it."""

from __future__ import annotations

from guard.rule import Case

_FUTURE = "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n"
_GUARD = "\nif TYPE_CHECKING:\n    from decimal import Decimal\n"

CASES = (
    Case(
        id="pydantic-field",
        what="a pydantic model needs the types of its fields",
        files={
            "shop.py": f"{_FUTURE}\nfrom pydantic import BaseModel\n{_GUARD}\n\n"
            "class Price(BaseModel):\n    value: Decimal\n"
        },
        expects=(("shop.py", 12, "Decimal"),),
    ),
    Case(
        id="fastapi-route",
        what="FastAPI needs the types of a route's parameters; the router lives in another module",
        files={
            "web.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n",
            "pages.py": f"{_FUTURE}\nfrom web import router\n\nif TYPE_CHECKING:\n"
            '    from fastapi import Request\n\n\n@router.get("/")\n'
            "def page(request: Request):\n    return str(request.url)\n",
        },
        expects=(("pages.py", 12, "Request"),),
    ),
    Case(
        id="sqlalchemy-column",
        what="SQLAlchemy resolves Mapped[...] of a column when the class is defined",
        files={
            "db.py": "from sqlalchemy.orm import DeclarativeBase\n\n\n"
            "class Base(DeclarativeBase):\n    pass\n",
            "holiday.py": f"{_FUTURE}\nfrom db import Base\n"
            "from sqlalchemy.orm import Mapped, mapped_column\n\nif TYPE_CHECKING:\n"
            "    from datetime import date\n\n\n"
            'class Holiday(Base):\n    __tablename__ = "holiday"\n'
            "    id: Mapped[int] = mapped_column(primary_key=True)\n    day: Mapped[date]\n",
        },
        expects=(("holiday.py", 15, "date"),),
    ),
    Case(
        id="own-decorator",
        what="a decorator of the project asks for the hints of what it decorates",
        files={
            "tools.py": "from typing import get_type_hints\n\n\ndef inject(func):\n"
            "    func.wanted = get_type_hints(func)\n    return func\n",
            "main.py": f"{_FUTURE}\nfrom tools import inject\n{_GUARD}\n\n"
            "@inject\ndef double(value: Decimal):\n    return value * 2\n",
        },
        expects=(("main.py", 12, "Decimal"),),
    ),
    Case(
        id="quoted",
        what="a quoted annotation is resolved as well",
        files={
            "main.py": "from typing import TYPE_CHECKING, get_type_hints\n"
            f'{_GUARD}\n\ndef double(value: "Decimal"):\n    return value * 2\n\n\n'
            "get_type_hints(double)\n"
        },
        expects=(("main.py", 7, "Decimal"),),
    ),
    Case(
        id="lazy-since-3-14",
        what="from Python 3.14 on an unquoted annotation waits for whoever resolves it",
        files={
            "main.py": "from typing import TYPE_CHECKING, get_type_hints\n"
            f"{_GUARD}\n\ndef double(value: Decimal):\n    return value * 2\n\n\n"
            "get_type_hints(double)\n"
        },
        expects=(("main.py", 7, "Decimal"),),
        target=(3, 14),
    ),
    Case(
        id="pydantic-classvar",
        what="pydantic leaves ClassVar alone",
        files={
            "shop.py": f"{_FUTURE}from typing import ClassVar\n\nfrom pydantic import BaseModel\n"
            f"{_GUARD}\n\nclass Price(BaseModel):\n    zero: ClassVar[Decimal] = 0\n"
        },
        near_miss=True,
    ),
    Case(
        id="pydantic-rebuilt",
        what="another module rebuilds the model where the name exists",
        files={
            "shop.py": f"{_FUTURE}\nfrom pydantic import BaseModel\n{_GUARD}\n\n"
            "class Price(BaseModel):\n    value: Decimal\n",
            "main.py": "from decimal import Decimal\n\nfrom shop import Price\n\n"
            "Price.model_rebuild()\n",
        },
        near_miss=True,
    ),
    Case(
        id="sqlalchemy-relationship",
        what="the class that a relationship names is looked up in the registry",
        files={
            "order.py": f"{_FUTURE}\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, "
            "mapped_column, relationship\n\n"
            "if TYPE_CHECKING:\n    from customer import Customer\n\n\n"
            "class Base(DeclarativeBase):\n    pass\n\n\n"
            'class Order(Base):\n    __tablename__ = "o"\n'
            "    id: Mapped[int] = mapped_column(primary_key=True)\n"
            "    customer: Mapped[Customer] = relationship()\n"
        },
        near_miss=True,
    ),
    Case(
        id="plain-dataclass",
        what="a dataclass does not resolve the types of its fields",
        files={
            "shop.py": f"{_FUTURE}from dataclasses import dataclass\n{_GUARD}\n\n"
            "@dataclass\nclass Price:\n    value: Decimal\n"
        },
    ),
    Case(
        id="handled",
        what="the caller takes the NameError",
        files={
            "main.py": "from typing import TYPE_CHECKING, get_type_hints\n"
            f'{_GUARD}\n\ndef double(value: "Decimal"):\n    return value * 2\n\n\n'
            "try:\n    get_type_hints(double)\nexcept NameError:\n    pass\n"
        },
        near_miss=True,
    ),
    Case(
        id="methods-of-a-class",
        what="the hints of a class are those of its fields, not those of its methods",
        files={
            "main.py": "from typing import TYPE_CHECKING, get_type_hints\n"
            f'{_GUARD}\n\nclass Price:\n    def double(self, value: "Decimal"):\n'
            "        return value * 2\n\n\nget_type_hints(Price)\n"
        },
        near_miss=True,
    ),
)
