"""The checks over workflows: each a sound file with one edit, and near misses."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.doctor.examine import examine
from guard.doctor.facts import Checkout
from guard.doctor.workflows import Around, parse_workflow
from guard.errors import Unreadable
from guard.model import Verdict
from tests.doctor.kit import CHECK, GATE, RECONCILE, SHA, Said, Tree

USES = f"acme/premerge-guard@{SHA}"
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
EVENT = "github.event_name =="
SMOKES = f"      - uses: {USES}\n        with:\n          command: smoke"
GUARD = "permissions: {contents: read}\nsteps: [{run: guard check}]"
PRE_COMMIT = """\
on: [pull_request, merge_group]
permissions: {}
jobs:
  lint:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    steps:
      - run: pre-commit run --all-files
"""


def test_what_init_writes_is_sound(tree: Tree) -> None:
    report = tree.report()
    assert tree.said() == {}
    assert report.verdict is Verdict.PASS
    assert "--github" in report.notes[0]


def workflow(job: str, on: str = "[pull_request, merge_group]", top: str = "") -> str:
    """A workflow with one job, ``job``."""
    lines = "".join(f"    {line}\n" for line in job.splitlines())
    return f"on: {on}\npermissions: {{}}\n{top}jobs:\n  other:\n    runs-on: x\n{lines}"


def only(tree: Tree, text: str) -> Said:
    """What is found where ``text`` is the only workflow, and there is no lane."""
    for path in (tree.top / ".github/workflows").iterdir():
        path.unlink()
    tree.write("guard.yaml", "version: 1\nlane: {targets: [main], checks: []}\n")
    tree.write(".github/workflows/other.yml", text)
    return {key: value for key, value in tree.said().items() if key != "lane-not-run"}


# (what, file, old, new, expected)
EDITS: list[tuple[str, str, str, str, Said]] = [
    (
        "filter that another workflow makes up for",
        RECONCILE,
        "command: reconcile",
        "command: check",
        {"lane-not-run": ["error reconcile"]},
    ),
    (
        "job if",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    if: github.actor != 'bot'\n",
        {"skippable": ["error smoke"]},
    ),
    ("job if always", CHECK, "  smoke:\n", "  smoke:\n    if: ${{ always() }}\n", {}),
    (
        "job if other event",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    if: github.event_name != 'push'\n",
        {},
    ),
    (
        "job if one event",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    if: github.event_name == 'pull_request'\n",
        {"skippable": ["error smoke"]},
    ),
    (
        "job if either event",
        CHECK,
        "  smoke:\n",
        f"  smoke:\n    if: {EVENT} 'pull_request' || {EVENT} 'merge_group'\n",
        {},
    ),
    (
        "job if drafts",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    if: always() && !github.event.pull_request.draft\n",
        {"skippable": ["error smoke"]},
    ),
    (
        "needs",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    needs: check\n",
        {"skippable": ["warning smoke"]},
    ),
    ("needs always", CHECK, "  smoke:\n", "  smoke:\n    needs: check\n    if: always()\n", {}),
    (
        "needs result",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    needs: check\n    if: always() && needs.check.result == 'success'\n",
        {"skippable": ["error smoke"]},
    ),
    (
        "needs skipped",
        CHECK,
        "  smoke:\n",
        "  pre:\n    if: github.actor != 'bot'\n    runs-on: x\n    steps: []\n"
        "  mid:\n    needs: [pre]\n    runs-on: x\n    steps: []\n  smoke:\n    needs: [mid]\n",
        {"skippable": ["error smoke"]},
    ),
    (
        "step if",
        CHECK,
        SMOKES,
        SMOKES.replace("with", "if: github.actor != 'bot'\n        with"),
        {"skippable": ["error smoke"]},
    ),
    (
        "step if success",
        CHECK,
        SMOKES,
        SMOKES.replace("with", "if: success()\n        with"),
        {},
    ),
    (
        "job goes on",
        CHECK,
        "  smoke:\n",
        "  smoke:\n    continue-on-error: true\n",
        {"ignored-failure": ["error smoke"]},
    ),
    ("job stops", CHECK, "  smoke:\n", "  smoke:\n    continue-on-error: false\n", {}),
    (
        "step goes on",
        CHECK,
        SMOKES,
        SMOKES.replace("with", "continue-on-error: ${{ true }}\n        with"),
        {"ignored-failure": ["error smoke"]},
    ),
    (
        "other step goes on",
        CHECK,
        "      - run: python -m pip",
        "      - continue-on-error: true\n        run: python -m pip",
        {},
    ),
    (
        "paths",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    paths: ['**.py']\n",
        {"event-filter": ["error pull_request"]},
    ),
    ("paths of pushes", CHECK, "  push:\n", "  push:\n    paths: ['**.py']\n", {}),
    (
        "types",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    types: [opened]\n",
        {"event-filter": ["error pull_request"]},
    ),
    (
        "types of all",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    types: [opened, reopened, synchronize]\n",
        {},
    ),
    (
        "branches",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    branches: ['release/**']\n",
        {"event-filter": ["error check main", "error smoke main"]},
    ),
    (
        "branches with it",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    branches: ['ma*', 'release/**']\n",
        {},
    ),
    (
        "branches without it",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    branches: ['**', '!main']\n",
        {"event-filter": ["error check main", "error smoke main"]},
    ),
    (
        "branches ignored",
        CHECK,
        "  pull_request:\n",
        "  pull_request:\n    branches-ignore: [m?in, main]\n",
        {"event-filter": ["error check main", "error smoke main"]},
    ),
    (
        "no merge group",
        CHECK,
        "  merge_group:\n    types: [checks_requested]\n",
        "",
        {"no-merge-group": ["warning check", "warning smoke"]},
    ),
    (
        "gate without merge group",
        GATE,
        "  merge_group:\n    types: [checks_requested]\n",
        "",
        {"no-merge-group": ["warning gate"]},
    ),
    (
        "head of the change",
        GATE,
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: ${{ github.event.pull_request.head.sha }}",
        {"privileged-checkout": ["error gate"]},
    ),
    (
        "merge of the change",
        RECONCILE,
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: refs/pull/${{ github.event.number }}/merge",
        {"privileged-checkout": ["error reconcile"]},
    ),
    (
        "head of the other run",
        RECONCILE,
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: ${{ github.event.workflow_run.head_branch }}",
        {"privileged-checkout": ["error reconcile"]},
    ),
    (
        "base of the change",
        GATE,
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: ${{ github.event.pull_request.base.sha }}",
        {},
    ),
    (
        "script takes the change",
        GATE,
        f"      - uses: {USES}",
        '      - env: {HEAD: "${{ github.event.pull_request.head.sha }}"}\n'
        f'        run: git fetch -q && git checkout "$HEAD"\n      - uses: {USES}',
        {"privileged-checkout": ["error gate"]},
    ),
    (
        "script names the change",
        GATE,
        f"      - uses: {USES}",
        '      - env: {HEAD: "${{ github.event.pull_request.head.sha }}"}\n'
        f'        run: echo "$HEAD"\n      - uses: {USES}',
        {},
    ),
    (
        "gh takes the change",
        GATE,
        f"      - uses: {USES}",
        f"      - run: gh pr checkout 1\n      - uses: {USES}",
        {"privileged-checkout": ["error gate"]},
    ),
    (
        "head for the one without token",
        CHECK,
        "persist-credentials: false",
        "ref: ${{ github.event.pull_request.head.sha }}",
        {},
    ),
    ("write all", GATE, "permissions: {}", "permissions: write-all", {}),
    ("no permissions", RECONCILE, "permissions: {}\n", "", {}),
    (
        "smoke writes",
        CHECK,
        "    timeout-minutes: 30\n    permissions:\n      contents: read",
        "    timeout-minutes: 30\n    permissions:\n      contents: write",
        {"broad-permissions": ["error smoke"]},
    ),
    (
        "check reports",
        CHECK,
        "    timeout-minutes: 10\n    permissions:\n      contents: read",
        "    timeout-minutes: 10\n    permissions:\n      security-events: write",
        {},
    ),
    (
        "tag",
        CHECK,
        CHECKOUT,
        "actions/checkout@v5",
        {"unpinned-action": ["error actions/checkout"]},
    ),
    (
        "guard by tag",
        GATE,
        USES,
        "acme/premerge-guard@v1",
        {"guard-pin": ["error acme/premerge-guard@v1"]},
    ),
    (
        "guard by half a commit",
        GATE,
        USES,
        f"acme/premerge-guard@{SHA[:12]}",
        {"guard-pin": [f"error acme/premerge-guard@{SHA[:12]}"]},
    ),
    (
        "two guards",
        GATE,
        USES,
        f"acme/premerge-guard@{'1' * 40}",
        {"guard-pin": [f"warning acme/premerge-guard@{'1' * 40}"]},
    ),
    ("no gate", GATE, "command: gate", "command: check", {"lane-not-run": ["error gate"]}),
    (
        "no reconcile",
        RECONCILE,
        "command: reconcile",
        "command: other",
        {"lane-not-run": ["error reconcile"]},
    ),
    (
        "unreported evidence",
        CHECK,
        "  check:\n",
        "  static:\n",
        {"lane-check-unreported": ["error check"]},
    ),
    ("named evidence", CHECK, "  check:\n", "  static:\n    name: check\n", {}),
    ("evidence of a matrix", CHECK, "  check:\n", "  static:\n    name: che${{ matrix.x }}\n", {}),
    (
        "other check in the lane",
        "guard.yaml",
        "checks: [check]",
        "checks: [check, e2e]",
        {"lane-check-unreported": ["error e2e"]},
    ),
]


@pytest.mark.parametrize(
    ("path", "old", "new", "wanted"), [e[1:] for e in EDITS], ids=[e[0] for e in EDITS]
)
def test_one_edit(tree: Tree, path: str, old: str, new: str, wanted: Said) -> None:
    tree.edit(path, old, new)
    assert tree.said() == wanted


def conditions(job: str = "", step: str = "", more: str = "") -> str:
    """A job that runs the guard, with conditions."""
    condition = f"if: {job}\n" if job else ""
    inner = f"    if: {step}\n" if step else ""
    steps = f"steps:\n  - run: guard check\n{inner}  - run: make\n    if: github.actor == 'a'"
    return workflow(f"{condition}{steps}") + more


SKIPPABLE = {"skippable": ["error other"]}
PRE = "  pre:\n    runs-on: x\n    steps: []\n"
CONDITIONS = [
    ("none", conditions(), {}),
    ("job", conditions("github.actor == 'a'"), SKIPPABLE),
    ("step", conditions(step="github.actor == 'a'"), SKIPPABLE),
    ("no spaces", conditions("${{always()}}", "${{success()}}"), {}),
    ("not cancelled", conditions("${{ !cancelled() }}"), {}),
    ("both ways", conditions("success() || failure()"), {}),
    ("success", conditions("success()"), {}),
    ("failure", conditions("failure()"), SKIPPABLE),
    ("in brackets", conditions("github.actor == 'a' && (false || always() || false)"), SKIPPABLE),
    ("an event of two", conditions("github.event_name != 'merge_group'"), SKIPPABLE),
    (
        "either event",
        conditions("github.event_name != 'merge_group' || github.event_name == 'merge_group'"),
        {},
    ),
    ("the wrong way", conditions("github.event_name == 'push'"), SKIPPABLE),
    ("not there", workflow(f"needs: [gone]\n{GUARD}"), {"skippable": ["warning other"]}),
    ("itself", workflow(f"needs: [other]\n{GUARD}"), {"skippable": ["warning other"]}),
    (
        "above it always",
        workflow(f"needs: pre\n{GUARD}") + PRE.replace("runs-on", "if: always()\n    runs-on"),
        {"skippable": ["warning other"]},
    ),
    (
        "above it success",
        workflow(f"needs: pre\n{GUARD}") + PRE.replace("runs-on", "if: success()\n    runs-on"),
        SKIPPABLE,
    ),
    (
        "needs and success",
        workflow(f"needs: pre\nif: success()\n{GUARD}") + PRE,
        {"skippable": ["error other", "warning other"]},
    ),
    (
        "needs and not cancelled",
        workflow(f"needs: pre\nif: ${{{{ ! cancelled() }}}}\n{GUARD}") + PRE,
        {},
    ),
]


@pytest.mark.parametrize(
    ("text", "wanted"), [case[1:] for case in CONDITIONS], ids=[case[0] for case in CONDITIONS]
)
def test_conditions(tree: Tree, text: str, wanted: Said) -> None:
    assert only(tree, text) == wanted


def test_conditions_of_other_events_are_of_no_interest(tree: Tree) -> None:
    nightly = conditions("github.actor == 'a'").replace("[pull_request, merge_group]", "schedule")
    tree.write(".github/workflows/nightly.yml", nightly)
    assert tree.said() == {}


def test_the_message_says_which_job_may_be_skipped(tree: Tree) -> None:
    skipped = PRE.replace("runs-on", "if: github.actor == 'a'\n    runs-on")
    only(tree, workflow(f"needs: pre\n{GUARD}") + skipped)
    (message,) = (f.message for f in tree.report().findings if f.rule == "skippable")
    assert message.startswith("job other needs pre, which may be skipped")


WHOLE = [
    (
        "many options",
        workflow(f"steps: [{{run: 'guard {'--a ' * 40} foo'}}]"),
        {"guard-not-run": ["error "]},
    ),
    (
        "bad class",
        workflow(GUARD, "{pull_request: {branches: ['[b-a]']}, merge_group: }"),
        {"event-filter": ["error check main"]},
    ),
    (
        "odd kinds",
        workflow("steps: 5\nneeds: {a: b}\nif: [x]\npermissions: [a]\nenv: x"),
        {"guard-not-run": ["error "]},
    ),
    ("plain", workflow(GUARD), {}),
    ("none", workflow("steps: [{run: make}]"), {"guard-not-run": ["error "]}),
    (
        "only said",
        workflow("steps:\n  - run: |\n      # guard check\n      make"),
        {"guard-not-run": ["error "]},
    ),
    (
        "another guard",
        workflow("steps: [{run: npx my-guard check}]"),
        {"guard-not-run": ["error "]},
    ),
    ("module", workflow("steps: [{run: python -I -m guard --debug check}]"), {}),
    ("path", workflow("steps: [{run: .venv/bin/guard smoke --no-entry}]"), {}),
    ("push alone", workflow(GUARD, "push"), {"guard-not-run": ["error "]}),
    (
        "or true",
        workflow("steps: [{run: 'guard check || true'}]"),
        {"ignored-failure": ["error other"]},
    ),
    ("or other", workflow("steps:\n  - run: |\n      make || true\n      guard check"), {}),
    (
        "no permissions",
        workflow(GUARD)
        .replace("permissions: {}\n", "")
        .replace("    permissions: {contents: read}\n", ""),
        {"broad-permissions": ["error other"]},
    ),
    (
        "write all",
        workflow(GUARD.replace("{contents: read}", "write-all")),
        {"broad-permissions": ["error other"]},
    ),
    ("read all", workflow(GUARD.replace("{contents: read}", "read-all")), {}),
    (
        "docker by tag",
        workflow(f"{GUARD[:-1]}, {{uses: 'docker://alpine:3'}}]"),
        {"unpinned-action": ["error docker://alpine:3"]},
    ),
    (
        "docker by digest",
        workflow(f"{GUARD[:-1]}, {{uses: 'docker://alpine@sha256:{'0' * 64}'}}]"),
        {},
    ),
    ("own action", workflow(f"{GUARD[:-1]}, {{uses: ./tools/x}}]"), {}),
    ("pre-commit", PRE_COMMIT, {}),
    ("pre-commit action", workflow(f"steps: [{{uses: pre-commit/action@{'0' * 40}}}]"), {}),
    (
        "one name for all events",
        workflow(GUARD, "pull_request"),
        {"no-merge-group": ["warning other"]},
    ),
    ("anchors", workflow("steps:\n  - &it\n    run: guard check\n  - *it"), {}),
]


@pytest.mark.parametrize(
    ("text", "wanted"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE]
)
def test_a_workflow_of_ones_own(tree: Tree, text: str, wanted: Said) -> None:
    assert only(tree, text) == wanted


def test_a_workflow_without_the_guard_weighs_less(tree: Tree) -> None:
    tree.write(
        ".github/workflows/docs.yml",
        "on: push\njobs:\n  docs:\n    runs-on: x\n    permissions: {contents: read}\n"
        "    steps: [{uses: acme/docs@v1}]\n  more: {runs-on: x, steps: []}\n",
    )
    assert tree.said() == {
        "broad-permissions": ["warning more"],
        "unpinned-action": ["warning acme/docs"],
    }


def test_scripts_and_makefiles_are_read(tree: Tree) -> None:
    tree.write(".ci/run", "#!/bin/sh\nmake test\n")
    tree.write("Makefile", "test:\n\t$(BIN)/guard check\n")
    assert only(tree, workflow("steps: [{run: bash .ci/run}]")) == {}
    tree.write("Makefile", "test:\n\tpytest\n")
    assert only(tree, workflow("steps: [{run: bash .ci/run}]")) == {"guard-not-run": ["error "]}


def test_an_app_fills_the_queue(tree: Tree) -> None:
    policy = (tree.top / "guard.yaml").read_text()
    tree.write("guard.yaml", policy + "github: {enqueue: true}\n")
    assert tree.said() == {"enqueue-token": ["error gate", "error reconcile"]}
    for path in (GATE, RECONCILE):
        tree.edit(path, "${{ github.token }}", "${{ steps.app.outputs.token }}")
    assert tree.said() == {}


def test_the_gate_reconciles_on_a_schedule(tree: Tree) -> None:
    tree.write(RECONCILE, None)
    assert tree.said() == {"lane-not-run": ["error reconcile"]}
    tree.edit(GATE, "on:\n", "on:\n  schedule: [{cron: '*/5 * * * *'}]\n")
    assert tree.said() == {}


def test_a_called_workflow_runs_the_guard_for_its_caller(tree: Tree) -> None:
    tree.write(".github/workflows/called.yml", workflow(GUARD, "workflow_call"))
    said = only(tree, workflow("uses: ./.github/workflows/called.yml"))
    assert said == {"guard-not-run": ["error "]}  # `only` took the called one away
    tree.write(".github/workflows/called.yml", workflow(GUARD, "workflow_call"))
    assert tree.said() == {"lane-not-run": ["error gate"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n",
        "on: push\n",
        "jobs: {}\n",
        "on: push\njobs: {a: {if: x, if: y}}\n",
        "on: push\njobs: {a: [\n",
        "a: &a [x, x]\nb: &b [*a, *a]\n"
        + "".join(
            f"c{n}: &c{n} [*{'b' if n == 0 else f'c{n - 1}'}, *b, *b, *b, *b, *b, *b, *b]\n"
            for n in range(9)
        ),
        "on: push\njobs: " + "[" * 5000 + "\n",
        "on: push\njobs: &j\n  a: *j\n",
        "on: push\nx: \x00\n",
        "on: push\njobs: {? [a] : b}\n",
        "# " + "x" * (1 << 20),
    ],
)
def test_what_cannot_be_read_is_unverified(tree: Tree, text: str) -> None:
    tree.write(".github/workflows/odd.yml", text)
    said = tree.said()
    assert said.pop("unreadable") == ["?"]
    assert said == {}
    assert tree.report().verdict is Verdict.UNVERIFIED


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "guard check", "${{ x", "!", "[z-a]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "on jobs steps run uses with if needs permissions pull_request pull_request_target "
                "merge_group branches types paths name ref env continue-on-error a b".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(on=JUNK, jobs=st.dictionaries(st.sampled_from("ab"), JUNK, max_size=2))
def test_no_workflow_makes_it_crash(on: object, jobs: object) -> None:
    data = yaml.safe_dump({"on": on, "jobs": jobs}).encode()
    try:
        flow = parse_workflow(data, "x.yml", Around(lambda _: None))
    except Unreadable:
        return
    assert examine(Checkout((), ("main",), (flow,)), None).results


def test_bytes_that_are_no_text_are_unverified(tree: Tree) -> None:
    (tree.top / ".github/workflows/odd.yaml").write_bytes(b"on: push\n# \xff\n")
    (tree.top / ".github/workflows/notes.txt").write_bytes(b"\xff")
    assert tree.said() == {"unreadable": ["?"]}
