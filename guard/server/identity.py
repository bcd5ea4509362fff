"""Who pushes: what the server says, never what a commit says.

A web server puts the authenticated user into ``REMOTE_USER`` (RFC 3875, 4.1.11), which
git-http-backend(1) hands on; gitolite sets ``GL_USER``. Where neither is set (a path, plain ssh)
the account of the operating system counts, if the policy wants it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from guard.server.words import Closed

_FROM_SERVER = ("REMOTE_USER", "GL_USER")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, empty where no one vouches for one, and who says so."""

    login: str = ""
    source: str = ""

    @property
    def shown(self) -> str:
        """For messages."""
        return f"{self.login!r} (by {self.source})" if self.login else "nobody that is known"


def identify(environ: Mapping[str, str], os_user: bool = False) -> Identity:
    """The account that pushes. ``os_user`` lets that of the operating system count.

    Raises ``Closed`` where two sources disagree, or a name could not be told from others.
    """
    found = {name: environ[name] for name in _FROM_SERVER if environ.get(name)}
    if len(set(found.values())) > 1:
        said = " and ".join(f"{name}={text!r}" for name, text in found.items())
        raise Closed("identity", f"the server says who pushes twice, and differently: {said}")
    for name, login in found.items():
        return Identity(_checked(login), name)
    if os_user and hasattr(os, "geteuid"):
        import pwd

        try:
            return Identity(_checked(pwd.getpwuid(os.geteuid()).pw_name), "the operating system")
        except KeyError:
            return Identity()
    return Identity()


def _checked(login: str) -> str:
    if not login.isprintable() or login != login.strip() or len(login) > _LONGEST:
        raise Closed("identity", f"the server names an account {login[:50]!r}: no name for a login")
    return login
