"""Execute cases in the interpreter that runs this file, and say what happened.

Standard library only, Python 3.8 and later, because it runs in every interpreter under test.
Reads one JSON list of jobs ``{"id", "root", "entry"}`` from stdin, writes one JSON answer per
line. Each case runs in a forked child, so that nothing is shared but this file's imports; where
there is no fork (WebAssembly) ``run_case`` is called directly and removes what it imported.
"""

import ast
import builtins
import contextlib
import io
import json
import os
import sys
import types
import typing

# A case may need these packages not to be loaded by an earlier case.
VOLATILE = {"xml", "wsgiref", "concurrent", "email", "logging", "urllib", "unittest", "http"}
GUARDS = {"TYPE_CHECKING", "TC", "MYPY"}
# Without a reason to run: the compiler calls them when something asks for the annotation.
LAZY_CODE = {"<lambda>", "<genexpr>"}


def run_case(root, entry):
    """Run ``entry`` (a path) as ``__main__`` with ``root`` as its project."""
    root = os.path.realpath(root) + os.sep
    entry = os.path.realpath(entry)
    lines, calls, pending, escaped = {}, set(), {}, set()

    def tracer(frame, event, arg):
        filename = frame.f_code.co_filename
        if not filename.startswith(root):
            return None
        if event == "call":
            calls.add((filename, frame.f_code.co_firstlineno, frame.f_code.co_name))
        elif event == "exception":
            pending[frame] = frame.f_lineno
        elif event == "line":
            pending.pop(frame, None)
        elif frame in pending:  # it returns, because nothing in it took the exception
            escaped.add((filename, pending.pop(frame)))
        lines.setdefault(filename, set()).add(frame.f_lineno)
        return tracer

    try:
        with open(entry, encoding="utf-8") as stream:
            code = compile(stream.read(), entry, "exec", dont_inherit=True)
    except SyntaxError as error:
        return {
            "raised": {"type": "SyntaxError", "text": str(error), "at": None},
            "idle": [],
            "ran": [],
        }
    main = types.ModuleType("__main__")
    main.__file__ = entry
    main.__builtins__ = __builtins__
    kept = (dict(sys.modules), list(sys.path), list(sys.argv))
    kept_builtins = set(vars(builtins))
    for name in list(sys.modules):
        if name.split(".")[0] in VOLATILE:
            del sys.modules[name]
    sys.modules["__main__"] = main
    sys.modules.setdefault("typing_extensions", _typing_extensions())
    sys.path.insert(0, os.path.dirname(entry))
    sys.argv = [entry]
    raised = None
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            sys.settrace(tracer)
            try:
                exec(code, main.__dict__)
            finally:
                sys.settrace(None)
    except SystemExit as error:
        if error.code not in (None, 0):
            raised = _describe(error, root)
    except BaseException as error:
        raised = _describe(error, root)
    finally:
        modules, sys.path[:], sys.argv = kept
        typing.TYPE_CHECKING = False
        for name in set(vars(builtins)) - kept_builtins:
            delattr(builtins, name)
        # By name and not by __file__: a case may put any object there.
        own = {entry.partition(".")[0] for entry in os.listdir(root)}
        for name in list(sys.modules):
            if name not in modules and name.partition(".")[0] in own:
                del sys.modules[name]
        sys.modules.update(modules)
    done = {(_shown(f, root), n) for f in lines for n in lines[f]}
    done -= {(_shown(f, root), n) for f, n in escaped}
    ran = sorted(done - {tuple(place) for place in (raised or {}).get("through", [])})
    return {"raised": raised, "idle": [] if raised else _idle(root, lines, calls), "ran": ran}


def _failed(kind, text):
    return {"raised": {"type": kind, "text": text, "at": None}, "idle": [], "ran": []}


def _typing_extensions():
    # The real package need not be installed: what the cases use of it is the same in typing.
    stand_in = types.ModuleType("typing_extensions")
    stand_in.__dict__.update({n: getattr(typing, n) for n in typing.__all__})
    return stand_in


def _shown(filename, root):
    return os.path.relpath(filename, root).replace(os.sep, "/")


def _describe(error, root):
    through, trace = [], error.__traceback__
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if filename.startswith(root):
            through.append([_shown(filename, root), trace.tb_lineno])
        trace = trace.tb_next
    texts, seen = [], []
    while error is not None and error not in seen:
        seen.append(error)
        texts.append("{} {}".format(error, getattr(error, "name", "") or ""))
        error = error.__cause__ or error.__context__
    return {
        "type": type(seen[0]).__name__,
        "text": " <- ".join(texts),
        "at": through[-1] if through else None,
        "through": through,
    }


def _idle(root, lines, calls):
    """Places outside guarded branches that never ran: ``[path, line]``; line 0 for a whole file."""
    idle = []
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            path = os.path.join(folder, name)
            shown = _shown(path, root)
            with open(path, encoding="utf-8") as stream:
                source = stream.read()
            if path in lines:
                idle += [[shown, n] for n in _idle_lines(source, path, lines[path], calls)]
            elif source.strip():
                idle.append([shown, 0])
    return idle


def _idle_lines(source, path, done, calls):
    tree = ast.parse(source)
    guarded = _guarded(tree)
    coded, lazy = set(), set()
    _collect(compile(source, path, "exec", dont_inherit=True), coded, lazy)
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or isinstance(node, (ast.Global, ast.Nonlocal)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.AnnAssign) and node.value is None:
            continue  # a declaration; from 3.14 on there is nothing to run
        body = getattr(node, "body", None) or getattr(node, "cases", None)
        end = body[0].lineno if body and hasattr(body[0], "lineno") else node.end_lineno + 1
        span = set(range(node.lineno, max(end, node.lineno + 1)))
        if node.lineno not in guarded and span & coded and not span & done:
            yield node.lineno
    called = {(line, name) for file, line, name in calls if file == path}
    for line, name in sorted(lazy - called):
        if line not in guarded:
            yield line


def _collect(code, coded, lazy):
    if hasattr(code, "co_lines"):
        coded.update(line for _, _, line in code.co_lines() if line)
    else:
        import dis

        coded.update(line for _, line in dis.findlinestarts(code))
    if code.co_name in LAZY_CODE:
        lazy.add((code.co_firstlineno, code.co_name))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _collect(constant, coded, lazy)


def _guarded(tree):
    """The lines of the branches that a plain guard keeps from running.

    Only the plain spellings: what is more is marked ``#dead`` in the case.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While)):
            test, negated = node.test, False
            while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                test, negated = test.operand, not negated
            if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and not negated:
                test = next((v for v in test.values if _is_guard(v)), test)
            if _is_guard(test):
                for statement in node.orelse if negated else node.body:
                    found.update(range(statement.lineno, statement.end_lineno + 1))
    return found


def _is_guard(test):
    if isinstance(test, ast.Constant):
        return not test.value
    return getattr(test, "id", getattr(test, "attr", None)) in GUARDS


def _in_child(job):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            answer = json.dumps(run_case(job["root"], job["entry"])).encode()
            with os.fdopen(writing, "wb") as stream:
                stream.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not answer:
        return {
            "raised": {"type": "Crash", "text": "status %d" % status, "at": None},
            "idle": [],
            "ran": [],
        }
    return json.loads(answer.decode())


def main():
    """Answer the jobs on stdin."""
    sys.dont_write_bytecode = True
    for job in json.load(sys.stdin):
        answer = _in_child(job)
        answer["id"] = job["id"]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
