"""Fill a file of facts with what GitLab knows of the merge requests in a merge train.

    guard gate --target main --rev "$CI_COMMIT_SHA" --door merge-queue --write-facts git.json
    python gitlab_facts.py git.json facts.json
    guard gate --facts facts.json --door merge-queue

Run it in a clone that has the target and the train, with the Python of the guard. It asks
``CI_API_V4_URL`` about ``CI_PROJECT_ID`` with the token in ``GUARD_GITLAB_TOKEN``. Exit code 0: the
file is written. 3: something could not be had, as standard error says, and no file is there. What
each fact comes from stands in docs/gitlab.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gitlab_merges import Merge, merged_by, note, reviews, train
from gitlab_rest import TOKEN, GitLab, Stop, checked


def judged(unit: dict[str, Any], merge: Merge, policy: str) -> dict[str, Any]:
    """Who made ``unit``, with what only GitLab knows of it: ``guard who`` says it."""
    texts = {"branch": merge.branch, "title": merge.title, "opener": merge.opener["login"]}
    given = [f"--{key}={text.encode('utf-8', 'replace').decode()}" for key, text in texts.items()]
    asked = ["who", "--format=json", f"--config={policy}", "--body-file=-", *given]
    said = json.loads(
        run(sys.executable, "-P", "-m", "guard", *asked, unit["rev"], text=merge.body)
    )
    (found,) = said
    made = {"origin": found["provenance"], "signals": found["signals"]}
    keys = ("declared", "conflict", "must_declare", "silent")
    before = unit["provenance"]
    if before.get("origin") == "ai" != made["origin"]:  # an earlier state of it was
        return before  # type: ignore[no-any-return]
    return made | {key: found[key] for key in keys}


def run(*command: str, text: str = "") -> bytes:
    """What a program prints. It gets no token. Raises ``Stop``."""
    environ = {key: value for key, value in os.environ.items() if key != TOKEN}
    data = text.encode("utf-8", "replace")
    done = subprocess.run(command, input=data, env=environ, capture_output=True, check=False)
    if done.returncode != 0:
        raise Stop(f"{command[0]}: {done.stderr.decode('utf-8', 'replace')[-400:]}")
    return done.stdout


def common(values: list[Any], what: str) -> Any:
    """The one value of all, or that there is none."""
    several = {"unknown": f"the merge requests that land differ in {what}"}
    return values[0] if all(each == values[0] for each in values) else several


def fill(facts: dict[str, Any], gitlab: GitLab, policy: str) -> None:
    """Write into ``facts`` what GitLab knows."""
    units = facts["units"]
    if not isinstance(units, list) or not units:
        raise Stop(f"git knows no change that would land: {json.dumps(units)}")
    merges = [*train(gitlab, facts["target"])]
    pairs = [(unit, merged_by(unit, merges)) for unit in units]
    lost = [unit["rev"][:12] for unit, merge in pairs if merge is None]
    if lost:
        why = f"{', '.join(lost)} would land and merges the head of no merge request in the train"
        facts["units"] = {"unknown": f"{why}; take it out of the train and add it again"}
        return
    known = [(unit, merge) for unit, merge in pairs if merge is not None]
    for unit, merge in known:
        unit |= {"id": f"!{merge.iid}", "provenance": judged(unit, merge, policy)}
    # Of several, those of an AI are who must have an opener and reviewers.
    mine = [merge for unit, merge in known if unit["provenance"]["origin"] == "ai"]
    mine = mine or [merge for _, merge in known]
    facts |= {
        "id": known[-1][0]["id"],
        "title": common([each.title for each in mine], "title"),
        "body": common([each.body for each in mine], "description"),
        "branch": common([each.branch for each in mine], "branch"),
        "labels": common([each.labels for each in mine], "labels"),
        "opener": common([each.opener for each in mine], "opener"),
        "pusher": common([each.asker for each in mine], "who asks"),
        "reviews": reviews(gitlab, known, facts["now"]),
    }


def main(source: str, target: str) -> int:
    """Read the facts in ``source`` and write those in ``target``. The exit code."""
    Path(target).unlink(missing_ok=True)
    environ = os.environ.get
    try:
        facts = json.loads(Path(source).read_bytes())
        place = (environ("CI_API_V4_URL", ""), environ("CI_PROJECT_ID", ""), environ(TOKEN, ""))
        gitlab = GitLab(*place)
        with tempfile.TemporaryDirectory() as folder:
            policy = Path(folder, "guard.yaml")
            blob = checked(facts["policy"], str, "policy")
            policy.write_bytes(run("git", "cat-file", "blob", blob) if blob else b"version: 1\n")
            fill(facts, gitlab, str(policy))
    except (Stop, OSError, ValueError) as problem:
        note(str(problem))
        return 3
    Path(target).write_text(json.dumps(facts, indent=1) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: gitlab_facts.py GIT.json FACTS.json")
    sys.exit(main(*sys.argv[1:]))
