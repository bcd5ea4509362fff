"""SARIF 2.1.0: the properties that the OASIS standard requires and code scanning reads."""

from __future__ import annotations

import json
import subprocess
import tarfile
from typing import Any

import jsonschema
import pytest

from guard.reporters import reporter


def log(samples, which: str) -> dict[str, Any]:
    return json.loads(reporter("sarif")(getattr(samples, which), samples.context()))


def require(condition: object, what: str) -> None:
    assert condition, what


def check_location(location: dict[str, Any]) -> None:
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    require(uri.isascii() and " " not in uri and not uri.startswith("/"), "3.4.4 a relative URI")
    region = physical.get("region")
    if region:
        require(region["startLine"] >= 1, "3.30.5")
        require(region.get("startColumn", 1) >= 1, "3.30.6")
    if "message" in location:
        require(location["message"]["text"], "3.11.8")


@pytest.mark.parametrize("which", ["failing", "passing", "unverified", "empty", "hostile"])
def test_what_the_standard_requires(which: str, samples) -> None:
    document = log(samples, which)
    require(document["version"] == "2.1.0", "3.13.2")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    require(driver["name"], "3.19.8")
    rules = driver["rules"]
    require(len({rule["id"] for rule in rules}) == len(rules), "3.19.23 unique")
    for rule in rules:
        require(rule["shortDescription"]["text"] and rule["help"]["text"], "3.49")
    for result in run["results"]:
        require(result["message"]["text"], "3.27.11")
        require(result["level"] in ("error", "warning", "note", "none"), "3.27.10")
        require(rules[result["ruleIndex"]]["id"] == result["ruleId"], "3.27.6")
        related = result.get("relatedLocations", [])
        ids = [location["id"] for location in related]
        require(len(set(ids)) == len(ids), "3.28.2 unique in the result")
        for location in [*result["locations"], *related]:
            check_location(location)
        for flow in result.get("codeFlows", []):
            for thread in flow["threadFlows"]:
                require(thread["locations"], "3.37.6 not empty")
    (invocation,) = run["invocations"]
    require(isinstance(invocation["executionSuccessful"], bool), "3.20.14")
    for notification in invocation["toolExecutionNotifications"]:
        require(notification["message"]["text"], "3.58.5")
        for location in notification.get("locations", []):
            check_location(location)


def test_a_result_has_its_identity_and_all_its_places(samples) -> None:
    (run,) = log(samples, "failing")["runs"]
    first = run["results"][0]
    assert first["partialFingerprints"] == {"guardFinding/v1": samples.finding.id}
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 7, "startColumn": 22, "endLine": 7, "endColumn": 29}
    texts = [location["message"]["text"] for location in first["relatedLocations"]]
    assert texts[0] == "bound for type checkers only"
    assert texts[-1] == "from app import api"
    assert len(texts) == 1 + 5 + 1
    assert run["tool"]["driver"]["rules"][0]["help"]["markdown"].startswith("# runtime-use")


def test_an_unverified_run_was_not_successful(samples) -> None:
    (run,) = log(samples, "unverified")["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    texts = [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]
    assert "Not verified: a NUL byte" in texts
    assert log(samples, "passing")["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_a_path_is_percent_encoded_by_its_bytes(samples) -> None:
    (run,) = log(samples, "hostile")["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert "%80" in uri
    assert "%0A" in uri


@pytest.mark.slow
def test_the_full_schema(samples, tmp_path) -> None:
    """The schema of the standard, from the npm package of its reference tool (43 MB)."""
    subprocess.run(
        ["npm", "pack", "--silent", "@microsoft/sarif-multitool-linux"], cwd=tmp_path, check=True
    )
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/sarif-2.1.0.json")
        assert member is not None
        schema = json.load(member)
    validator = jsonschema.validators.validator_for(schema)(schema)
    for report in samples.all():
        validator.validate(json.loads(reporter("sarif")(report, samples.context())))
