"""Which distribution brings an import name, and what the project's metadata says of it."""

from __future__ import annotations

import re
from types import MappingProxyType

from guard.observed import SmokeRun

# Names that do not follow from one another. The rest does: `flask_login` is `flask-login`.
KNOWN = MappingProxyType(
    {
        "Crypto": ("pycryptodome",),
        "Cryptodome": ("pycryptodomex",),
        "IPython": ("ipython",),
        "Levenshtein": ("levenshtein", "python-levenshtein"),
        "MySQLdb": ("mysqlclient",),
        "OpenSSL": ("pyopenssl",),
        "PIL": ("pillow",),
        "Xlib": ("python-xlib",),
        "absl": ("absl-py",),
        "apiclient": ("google-api-python-client",),
        "attr": ("attrs",),
        "barcode": ("python-barcode",),
        "bs4": ("beautifulsoup4",),
        "cairo": ("pycairo",),
        "consul": ("python-consul",),
        "corsheaders": ("django-cors-headers",),
        "crontab": ("python-crontab",),
        "cv2": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
        "dateutil": ("python-dateutil",),
        "decouple": ("python-decouple",),
        "django_filters": ("django-filter",),
        "docx": ("python-docx",),
        "dotenv": ("python-dotenv",),
        "environ": ("django-environ",),
        "faiss": ("faiss-cpu", "faiss-gpu"),
        "fitz": ("pymupdf",),
        "gi": ("pygobject",),
        "git": ("gitpython",),
        "github": ("pygithub",),
        "gitlab": ("python-gitlab",),
        "gnupg": ("python-gnupg",),
        "google.protobuf": ("protobuf",),
        "googleapiclient": ("google-api-python-client",),
        "grpc": ("grpcio",),
        "haystack": ("haystack-ai", "django-haystack"),
        "igraph": ("python-igraph", "igraph"),
        "jose": ("python-jose",),
        "jwt": ("pyjwt",),
        "kafka": ("kafka-python",),
        "ldap": ("python-ldap",),
        "lxml_html_clean": ("lxml-html-clean",),
        "magic": ("python-magic",),
        "mpl_toolkits": ("matplotlib",),
        "multipart": ("python-multipart",),
        "nacl": ("pynacl",),
        "pkg_resources": ("setuptools",),
        "pptx": ("python-pptx",),
        "psycopg2": ("psycopg2", "psycopg2-binary"),
        "pylab": ("matplotlib",),
        "pythoncom": ("pywin32",),
        "rest_framework": ("djangorestframework",),
        "ruamel": ("ruamel-yaml",),
        "serial": ("pyserial",),
        "skimage": ("scikit-image",),
        "sklearn": ("scikit-learn",),
        "slugify": ("python-slugify",),
        "snappy": ("python-snappy",),
        "socks": ("pysocks",),
        "telegram": ("python-telegram-bot",),
        "usb": ("pyusb",),
        "win32api": ("pywin32",),
        "win32con": ("pywin32",),
        "win32com": ("pywin32",),
        "wx": ("wxpython",),
        "yaml": ("pyyaml",),
        "zmq": ("pyzmq",),
    }
)
"""Import name -> the distributions that bring it, normalized, the usual one first."""


def normalized(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def candidates(module: str) -> tuple[str, ...]:
    """The distributions that may bring a module, the likeliest first."""
    parts = module.split(".")
    found: list[str] = []
    for count in range(len(parts), 0, -1):
        found += KNOWN.get(".".join(parts[:count]), ())
    found += [normalized("-".join(parts[:count])) for count in range(1, len(parts) + 1)]
    return tuple(dict.fromkeys(found))


def known_distribution(module: str) -> str:
    """The usual distribution of a module, where its name is known not to follow from the module's;
    empty for others.
    """
    parts = module.split(".")
    found = (KNOWN.get(".".join(parts[:count])) for count in range(len(parts), 0, -1))
    return next((names[0] for names in found if names), "")


def installed(run: SmokeRun, module: str) -> str:
    """The distribution in the project's environment that brings a module; empty for none."""
    names = dict(run.distributions)
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        found = names.get(".".join(parts[:count]))
        if found:
            return found
    return ""


def asked(run: SmokeRun, module: str) -> tuple[str, tuple[str, ...]] | None:
    """The requirement that would bring a module, and the extras that ask for it.

    No extra: it is always needed. ``None``: nothing asks for it.
    """
    for name in candidates(module):
        extras = [item.extra for item in run.requirements if normalized(item.name) == name]
        if extras:
            return name, () if "" in extras else tuple(sorted(set(extras)))
    return None
