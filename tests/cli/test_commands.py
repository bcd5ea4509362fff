"""The other commands: rules, explain, validate, schema, version."""

from __future__ import annotations

import json

import jsonschema

import guard


def test_rules_lists_each_rule_with_its_level(repo) -> None:
    repo.file("guard.yaml", "version: 1\nrules: {lost-word: warning}\n")
    lines = repo.run("rules", cwd=".").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["any-word", "off"],
        ["inline-ignore", "error"],
        ["lost-word", "warning"],
        ["stale-baseline-entry", "error"],
    ]


def test_rules_as_json(repo) -> None:
    document = json.loads(repo.run("rules", "--format", "json").stdout)
    rules = {rule["id"]: rule for rule in document["rules"]}
    assert rules["any-word"]["default_level"] == "off"
    assert rules["any-word"]["stages"] == ["pull-request"]


def test_explain_prints_the_readme(repo) -> None:
    result = repo.run("explain", "lost-word")
    assert result.exit_code == 0
    assert result.stdout.startswith("# lost-word\n\nA word is used that no file defines.\n")
    assert repo.run("explain", "inline-ignore").stdout.startswith("# inline-ignore\n")


def test_explain_of_no_rule(repo) -> None:
    result = repo.run("explain", "lost-wrd")
    assert result.exit_code == 2
    assert "did you mean 'lost-word'?" in result.stderr


def test_validate(repo) -> None:
    path = repo.file("guard.yaml", "version: 1\n")
    repo.file("sub/x", "")
    assert repo.run("validate").stdout == "guard.yaml: valid (3 rules on)\n"
    assert repo.run("validate", cwd="sub").exit_code == 0
    assert repo.run("validate", "../guard.yaml", cwd="sub").exit_code == 0
    path.write_text("version: 1\nbaseline: nope.json\n")
    assert repo.run("validate").exit_code == 2
    path.write_text("version: 1\nrules: {nope: error}\ntarget-version: 2.7\n")
    result = repo.run("validate")
    assert result.exit_code == 2
    assert [line.split(": ")[2][:13] for line in result.stderr.splitlines()] == [
        "guard.yaml:2:",
        "guard.yaml:3:",
    ]


def test_validate_without_a_policy_is_no_pass(repo) -> None:
    result = repo.run("validate")
    assert result.exit_code == 2
    assert "no guard.yaml" in result.stderr


def test_the_schemas_are_schemas(repo) -> None:
    for argv in (["schema"], ["schema", "--report"]):
        document = json.loads(repo.run(*argv).stdout)
        jsonschema.validators.validator_for(document).check_schema(document)


def test_version_and_help(repo) -> None:
    assert repo.run("--version").stdout == f"guard {guard.__version__}\n"
    result = repo.run("--help")
    assert result.exit_code == 0
    for command in ("check", "rules", "explain", "validate", "schema"):
        assert command in result.stdout
        assert repo.run(command, "--help").exit_code == 0
