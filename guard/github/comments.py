"""One comment on a pull request, edited in place: why it waits."""

from __future__ import annotations

from guard.github import queries
from guard.github._raw import Raw
from guard.github.answers import Answer, cut
from guard.github.client import Client
from guard.reporters.markdown import prose

MARK = "<!-- premerge-guard -->"


def comment(client: Client, pull: str, answer: Answer) -> None:
    """Say ``answer`` on the pull request with the node id ``pull``. Raises ``ForgeError``.

    Our own comment is known by its mark and by GitHub's word that the token's account wrote it.
    """
    body = cut(f"{MARK}\n**guard**: {prose(answer.title)}\n\n{answer.summary}")
    node = Raw(client.graphql(queries.COMMENTS, {"id": pull}), "comments").node("node")
    for each in node.nodes("comments"):
        if each.flag("viewerDidAuthor") and each.text("body").startswith(MARK):
            if each.text("body") != body:
                edit = {"input": {"id": each.text("id"), "body": body}}
                Raw(client.graphql(queries.EDIT_COMMENT, edit), "edit").node("updateIssueComment")
            return
    new = {"input": {"subjectId": pull, "body": body}}
    Raw(client.graphql(queries.COMMENT, new), "comment").node("addComment")
