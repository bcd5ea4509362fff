"""``guard approve``: say of a change, on plain git, that you have read it."""

from __future__ import annotations

import os
import time

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import GuardError, UsageError
from guard.reporters._escape import terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.repository import Repository


@click.command()
@click.argument("rev")
@click.option("--target", metavar="BRANCH", help="Where it shall land; the remote's HEAD.")
@click.option("--dismiss", is_flag=True, help="Take back what you said of this tree.")
@click.option("--request-changes", is_flag=True, help="Say that it must not land like this.")
@click.option("--remote", metavar="NAME", default="origin", show_default=True)
@click.option("--as", "login", metavar="LOGIN", help="Your account there; see below.")
@click.pass_obj
def approve(around: Surroundings, /, rev: str, **options: object) -> int:
    """Approve the change whose head is REV, with the tree that it has now.

    The server must know you: it takes an approval from nobody but the account that is named in it.
    That is --as, else guard.login of git's configuration, else the user in the remote's address.
    """
    from guard.change import Opinion
    from guard.cli._where import locate
    from guard.git import find_top
    from guard.refs import RemoteRefs
    from guard.repository import Repository
    from guard.server.approvals import Approval, ref_of, write

    if options["dismiss"] and options["request_changes"]:
        raise UsageError("--dismiss and --request-changes contradict each other")
    top = find_top(locate(()).top)
    if top is None:
        raise UsageError(f"{os.getcwd()} is in no git repository")
    git = Repository(top, around.environ)
    remote = str(options["remote"])
    head = git.resolve(rev)
    tree = git.tree_of(head)
    target = str(options["target"] or _default_target(git, remote))
    login = str(options["login"] or _login(git, remote))
    opinion = Opinion.APPROVED
    if options["dismiss"]:
        opinion = Opinion.DISMISSED
    elif options["request_changes"]:
        opinion = Opinion.CHANGES_REQUESTED
    ref = ref_of(target, login, tree)
    refs = RemoteRefs(git, remote)
    old = refs.read(ref)
    if old is None and opinion is Opinion.DISMISSED:
        raise UsageError(f"{login} has said nothing of the tree of {rev} on the way to {target}")
    new = write(git, Approval(login, tree, head, int(time.time()), opinion))
    if old != new and not refs.swap(ref, old, new):
        raise GuardError(f"{ref} was moved meanwhile: run the command again")
    verb = {Opinion.APPROVED: "approved", Opinion.DISMISSED: "dismissed what you said of"}
    subject = git.run("log", "-1", "--format=%s", "--end-of-options", head)
    said = subject.decode("utf-8", "backslashreplace").strip()
    words = verb.get(opinion, "asked for changes of")
    say(terminal(f"{login} {words} {head[:12]} ({said}) for {target}; tree {tree[:12]}") + "\n")
    return 0


def _default_target(git: Repository, remote: str) -> str:
    prefix = f"refs/remotes/{remote}/"
    code, out, _ = git.start("symbolic-ref", "--quiet", prefix + "HEAD").finish()
    name = out.decode("utf-8", "surrogateescape").strip()
    if code or not name.startswith(prefix):
        raise UsageError(
            f"which branch shall it land on? Give --target, or: git remote set-head {remote} -a"
        )
    return name[len(prefix) :]


def _login(git: Repository, remote: str) -> str:
    code, out, _ = git.start("config", "--get", "guard.login").finish()
    login = out.decode("utf-8", "surrogateescape").strip()
    if code == 0 and login:
        return login
    code, out, _ = git.start("remote", "get-url", "--push", remote).finish()
    address = out.decode("utf-8", "surrogateescape").strip()
    scheme, found, rest = address.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if found and at and scheme in ("http", "https") and code == 0:
        return user.partition(":")[0]
    raise UsageError(f"who are you at {remote}? Give --as LOGIN, or: git config guard.login LOGIN")
