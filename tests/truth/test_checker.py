"""The three rules find what CPython does in every case, and nothing else."""

from __future__ import annotations

import pytest

from .checker import NotJudgedError, check, places
from .corpus import Case, Version, load_cases

TARGETS: tuple[Version, ...] = ((3, 9), (3, 11), (3, 13), (3, 14))
CASES = {case.id: case for case in load_cases()}
TOPICS = sorted({case.topic for case in CASES.values()})

# What no static reading is expected to see; each is fringe, and named in docs/accuracy.md.
KNOWN_GAPS: frozenset[str] = frozenset(
    {
        "cross/attributes/b_dict_subscript",
        "cross/attributes/b_store_after",
        "cross/attributes/b_through_two_modules",
        "cross/circular/c_circle_set_by_other",
        "cross/flags/b_flag_reexported_alias",
        "cross/flags/c_flag_true_elsewhere",
        "cross/imports/b_bound_by_function_never_called",
        "cross/imports/b_import_module_attribute",
        "cross/imports/c_never_called_importer",
        "cross/lazy/b_getattr_of_other_module",
        "cross/lazy/c_module_class_replaced",
        "cross/packages/b_attribute_hides_submodule",
        "cross/star/b_all_of_other_module",
        "cross/star/b_all_star_from_two",
        "cross/tables/c_table_filled_elsewhere",
        "runtime/hints/b_annotations_attribute",
        "runtime/hints/b_binding_after",
        "runtime/hints/b_module_hints",
        "runtime/hints/v_quoted_inside_builtin",
        "runtime/own/b_forward_ref_evaluated",
        "runtime/own/b_registry_then_resolve",
        "single/annotations/v_future_attribute_target",
        "single/annotations/v_future_subscript_target",
        "single/dotted/b_getattr_without_default",
        "single/dynamic/b_annotations_string_evaluated",
        "single/dynamic/b_eval_uses",
        "single/dynamic/b_exec_uses",
        "single/dynamic/b_globals_subscript",
        "single/dynamic/c_builtins_assignment",
        "single/dynamic/c_locals_in_class",
        "single/fallbacks/c_finally_returns",
        "single/fallbacks/c_name_error_alias",
        "single/flow/b_loop_may_bind",
        "single/flow/b_match_may_bind",
        "single/flow/c_assert_never_branch",
        "single/flow/c_generator_never_iterated",
        "single/guards/b_in_class_through_self",
        "single/guards/c_flag_set_true_in_typing",
        "single/scopes/b_decorator_runs_early",
        "single/scopes/b_del_in_loop",
        "single/uses/c_chained_comparison_short",
        "single/uses/c_nested_function_default_never",
    }
)


def verdict(case: Case, target: Version) -> tuple[str, ...]:
    """Where the rules differ from the truth, in words."""
    failure = case.failure(target)
    wanted = [failure, *case.active("also", target)] if failure else []
    said, hit = [], False
    try:
        findings = check(dict(case.files), target)
    except NotJudgedError as error:
        return (f"not judged: {error}",)
    for finding in findings:
        match = [m for m in wanted if m.path == finding.place.path and m.names_match(finding.name)]
        if not match:
            said.append(f"false alarm: {finding.name} at {sorted(places(finding))}")
        elif failure in match:
            hit = True
            if not {(m.path, m.line) for m in match} & places(finding):
                said.append(f"wrong line: {sorted(places(finding))}, not {failure.line}")
            if not finding.raises.startswith(failure.error):
                said.append(f"wrong exception: {finding.raises}, not {failure.error}")
    if failure and not hit:
        said.append(f"missed: {failure.names[0]} at {failure.path}:{failure.line}")
    return tuple(said)


def differences(topic: str, target: Version) -> dict[str, tuple[str, ...]]:
    """The cases of a topic that the rules get wrong."""
    cases = [c for c in CASES.values() if c.topic == topic and c.runs_on(target)]
    return {case.id: said for case in cases if (said := verdict(case, target))}


@pytest.mark.parametrize("topic", TOPICS)
def test_the_rules_agree_with_cpython(topic: str) -> None:
    found = {target: differences(topic, target) for target in TARGETS}
    wrong = {
        f"{ident} {target[0]}.{target[1]}": said
        for target, cases in found.items()
        for ident, said in cases.items()
        if ident not in KNOWN_GAPS
    }
    assert not wrong
    closed = {
        ident
        for ident in KNOWN_GAPS
        if CASES[ident].topic == topic and not any(ident in cases for cases in found.values())
    }
    assert not closed, "take these out of KNOWN_GAPS"


def test_known_gaps_are_fringe() -> None:
    assert {ident for ident in KNOWN_GAPS if not CASES[ident].fringe} == set()
