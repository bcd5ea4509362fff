"""Import modules cold, in the project's own interpreter. One file, for CPython 3.8 and later.

The guard starts one clean process and tells it what to fork. A *leaf* imports one module, writes
what came of it and is gone. A *node* imports one package, or what several modules import first, and
then waits to be told what to fork: whatever it forks begins where a cold start would be by then.

Code that is imported may close every file, replace every function and change the folder. So
nothing is kept open that is needed later: answers go to shared memory, and the fifos and files of
the control folder are opened by their paths, by functions that were bound before.

Where there is no fork (Windows), the guard starts this file once for each module; the rest holds.

Only modules in C are imported here, and those of them that a bare interpreter has not are hidden
again: the project may have a module of the same name, and must see a fresh interpreter.
"""

import builtins
import sys

_bare = frozenset(sys.modules)

import os

# What is needed here comes from the standard library, whatever the project has on the path.
_path = sys.path[:]
_library = os.path.dirname(os.__file__)
sys.path[:] = [entry for entry in _path if entry.startswith(_library) or entry.endswith(".zip")]

import time

import _frozen_importlib as _bootstrap
import _signal
import _thread
import errno
import gc
import marshal
import mmap

# Where what stands in a slot's memory. ``guard.smoke._control`` reads it.
PID, LOADING, EFFECTS, RESULT, SIZE = 16, 64, 16384, 65536, 262144
MOST_EFFECTS = 20
MOST_FRAMES = 60
SLOW = 1.0  # seconds that a module takes itself, with what it loads that is not the project's
MOST_TEXT = 4000
LINUX = sys.platform.startswith("linux")

_import = builtins.__import__
_os_open, _os_write, _os_read, _os_close, _dup2 = os.open, os.write, os.read, os.close, os.dup2
_fork, _exit, _getpid, _kill = getattr(os, "fork", None), os._exit, os.getpid, os.kill
_listdir, _fstat, _getcwd = os.listdir, os.fstat, os.getcwd
if _fork is not None:
    import select

    _setsid, _waitpid, _killpg, _pipe = os.setsid, os.waitpid, os.killpg, os.pipe
    _readlink, _poll, _POLLIN = os.readlink, select.poll, select.POLLIN
_clock = time.perf_counter
_getframe = sys._getframe
_count_threads = _thread._count
_freeze, _unfreeze = gc.freeze, gc.unfreeze
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_KILL = getattr(_signal, "SIGKILL", None)
_BINARY = getattr(os, "O_BINARY", 0)
_SEPARATOR, _NULL = os.sep, os.devnull


class State:
    """What this process is, and what it has seen so far. A fork takes it along."""

    folder = ""  # the control folder
    request = {}  # what the guard wrote there: the same for all
    slot = ""
    memory = None
    nonce = b""
    pid = 0
    top = ""
    foreign = ()
    seconds = 0.0
    effects = []
    loading = []
    clocks = []  # of each that is loading: since when, seconds of the project's within, file
    asked = []
    knows_pid = False  # whether the project asked which process it is, and may have kept it
    signals = ()
    files = frozenset()
    watching = False
    refusing = False  # whether the audit hook is what refuses the network
    refused = False  # whether anything refuses it
    prctl = None
    busy = False
    forking = False
    folder_then = ""
    leading = {}  # module -> what it imports first, of the project's modules
    standard = {}  # module -> what of the standard library, and after how many of those
    looks = frozenset()  # those that ask, while they are imported, what is loaded
    searches = ()  # those with functions that ask so
    collectors = frozenset()  # those that name the garbage collector
    loaded = []


# --- shared memory -------------------------------------------------------------------------------


def put(offset, end, data):
    """Write ``data`` so that a reader sees all of it or nothing: the length comes last."""
    memory = State.memory
    if memory is None or len(data) > end - offset - 24:
        return False
    memory[offset : offset + 8] = b"00000000"
    memory[offset + 8 : offset + 24] = State.nonce
    memory[offset + 24 : offset + 24 + len(data)] = data
    memory[offset : offset + 8] = b"%08x" % len(data)
    return True


def tell(*words):
    """Send one event to the guard: short enough to be written in one piece."""
    line = " ".join((State.nonce.decode(),) + words) + "\n"
    try:
        fifo = _os_open(State.folder + "/events", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # the guard is gone, or no file can be opened: it will see that nothing came
    try:
        _os_write(fifo, line.encode())
    except OSError:
        pass
    finally:
        _os_close(fifo)


def read_file(path):
    """All bytes of a file, by functions that no import can have replaced."""
    file = _os_open(path, os.O_RDONLY | _BINARY)
    try:
        parts = []
        while True:
            part = _os_read(file, 1 << 20)
            if not part:
                return b"".join(parts)
            parts.append(part)
    finally:
        _os_close(file)


def read_literal(path):
    """A value that the guard wrote as a Python literal."""
    return eval(read_file(path).decode("ascii"), {"__builtins__": {}})


# --- what belongs to the project -----------------------------------------------------------------


def slashed(path):
    """A path as the guard writes it: with ``/`` on every system."""
    return path.replace(_SEPARATOR, "/")


def is_own(path):
    """Whether a file is the project's."""
    path = slashed(path)
    if not path.startswith(State.top) or "/site-packages/" in path or "/dist-packages/" in path:
        return False
    return not path.startswith(State.foreign)


def relative(path):
    return slashed(path)[len(State.top) :] if is_own(path) else path


def line_of(path, number):
    """The text of one line; empty where there is none to be had."""
    try:
        lines = read_file(path).splitlines()
        return lines[number - 1].decode("utf-8", "replace").strip()[:300]
    except (OSError, IndexError, ValueError):
        return ""


def own_frame():
    """The innermost line of the project that is running, as a tuple."""
    frame = _getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if is_own(path):
            line = frame.f_lineno or 0
            return (relative(path), line, frame.f_code.co_name, line_of(path, line), True)
        frame = frame.f_back
    return None


# --- what a module does besides defining things --------------------------------------------------


def effect(kind, what, refused=False):
    """Keep one effect, each once."""
    if len(State.effects) < MOST_EFFECTS:
        keep((kind, what[:300], own_frame(), refused))


def keep(found):
    if found not in State.effects:
        State.effects.append(found)
        put(EFFECTS, RESULT, ascii(State.effects).encode())


def text_of(value):
    """A path, a command or a host, for a reader."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return " ".join(text_of(each) for each in value)
    try:
        return text_of(os.fspath(value))
    except TypeError:
        return str(type(value).__name__)


def is_loopback(host):
    host = text_of(host)
    return host in ("localhost", "::1", "") or host.startswith("127.")


def on_network(event, args):
    """Connections and questions for addresses; refused here where the kernel does not."""
    action = event.partition(".")[2]
    if action in ("getaddrinfo", "gethostbyname", "gethostbyaddr"):
        host = args[0] if args else None
        if host is None or is_loopback(host) or text_of(host).replace(".", "").isdigit():
            return
        effect("network", "look up " + text_of(host), State.refused)
        if State.refusing:
            failure = getattr(sys.modules.get("_socket"), "gaierror", OSError)
            raise failure(-3, "Temporary failure in name resolution")
        return
    address = args[1] if len(args) > 1 else None
    if isinstance(address, (str, bytes)):
        effect("network", action + " " + text_of(address))
        return
    if not isinstance(address, tuple) or not address:
        return
    near = is_loopback(address[0]) and State.request["network"] == "loopback"
    refused = State.refused and action != "bind" and not near
    effect("network", "%s %s" % (action, ":".join(str(each) for each in address[:2])), refused)
    if State.refusing and refused:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def on_process(event, args):
    if event == "subprocess.Popen":
        what = text_of(args[1]) if args[1] else text_of(args[0])
    elif event in ("os.exec", "os.posix_spawn", "os.spawn"):
        what = text_of(args[1 if event != "os.spawn" else 2])
    elif event in ("os.fork", "os.forkpty"):
        what = "fork"
    else:
        what = text_of(args[0]) if args else event
    effect("subprocess", what)


def on_open(event, args):
    path, flags = args[0], args[2]
    if not isinstance(flags, int) or not flags & _WRITES or isinstance(path, int):
        return
    on_write("write", (path,))


def on_write(event, args):
    if not args or args[0] is None or isinstance(args[0], int):
        return
    path = text_of(args[0])
    if "__pycache__" in path or path.startswith(("/dev/", State.folder + "/out")):
        return
    if path.lower() == _NULL.lower():
        return
    if path.startswith(State.folder + "/events"):
        return
    effect("write", event.rpartition(".")[2] + " " + path)


def on_thread(event, args):
    function = args[0] if args else None
    name = getattr(function, "__qualname__", None)
    owner = getattr(function, "__self__", None)
    if owner is not None and name == "Thread._bootstrap":
        name = getattr(owner, "_name", None) or name
    effect("thread", text_of(name) if name else "thread")


def on_collector(event, args):
    """Whoever looks at all objects sees those too that were frozen."""
    _unfreeze()


_HEARD = {
    "gc.get_objects": on_collector,
    "gc.get_referrers": on_collector,
    "open": on_open,
    "socket.connect": on_network,
    "socket.bind": on_network,
    "socket.sendto": on_network,
    "socket.sendmsg": on_network,
    "socket.getaddrinfo": on_network,
    "socket.gethostbyname": on_network,
    "socket.gethostbyaddr": on_network,
    "_thread.start_new_thread": on_thread,
    "_thread.start_joinable_thread": on_thread,
}
for _event in (
    "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty os.startfile "
    "pty.spawn"
).split():
    _HEARD[_event] = on_process
for _event in (
    "os.remove os.mkdir os.rmdir os.rename os.link os.symlink os.truncate os.chmod os.chown "
    "shutil.rmtree shutil.move shutil.copyfile shutil.copytree shutil.make_archive"
).split():
    _HEARD[_event] = on_write


def hear(event, args):
    """The audit hook. What it cannot read it leaves alone."""
    if event not in _HEARD or not State.watching or State.busy or State.pid != _getpid():
        return
    State.busy = True
    try:
        _HEARD[event](event, args)
    except OSError:
        raise
    except Exception:  # strange arguments are the caller's matter
        pass
    finally:
        State.busy = False


# --- what is being imported ----------------------------------------------------------------------

# As the import system's own: it takes its frames out of tracebacks by this name.
_WATCHED_IMPORT = """
def _find_spec(name, path, target=None):
    asked(name)
    return find(name, path, target)

def _load_unlocked(spec):
    if not begins(spec):
        return load(spec)
    try:
        return load(spec)
    finally:
        ends()
"""


def begins(spec):
    """Note that a module of the project begins; whether it is one."""
    origin = getattr(spec, "origin", None)
    if not isinstance(origin, str) or not is_own(origin):
        return False
    if spec.name in State.collectors:
        _unfreeze()
    State.loading.append(spec.name)
    State.loaded.append(spec.name)
    State.clocks.append([_clock(), 0.0, origin])
    put(LOADING, EFFECTS, "\n".join(State.loading).encode("utf-8", "replace"))
    return True


def ends():
    if State.loading:
        State.loading.pop()
        began, others, path = State.clocks.pop()
        taken = _clock() - began
        if State.clocks:
            State.clocks[-1][1] += taken
        if taken - others >= SLOW:
            keep(
                (
                    "slow",
                    "%.1f s" % (taken - others),
                    (relative(path), 1, "<module>", "", True),
                    False,
                )
            )
    put(LOADING, EFFECTS, "\n".join(State.loading).encode("utf-8", "replace"))


def watch_imports():
    """Hear of each name that is asked for, and of each module of the project that is run."""
    names = {
        "asked": State.asked.append,
        "find": _bootstrap._find_spec,
        "load": _bootstrap._load_unlocked,
        "begins": begins,
        "ends": ends,
    }
    exec(compile(_WATCHED_IMPORT, "<frozen importlib._bootstrap>", "exec"), names)
    _bootstrap._find_spec = names["_find_spec"]
    _bootstrap._load_unlocked = names["_load_unlocked"]
    already = sys.modules.get("importlib.util")  # some start-up file may want it
    if already is not None:
        already._find_spec = names["_find_spec"]


def watch_at_fork():
    """Hold back handlers for forks: what is forked here is to be as if it had not been.

    All of them run where the project itself forks. Those of the standard library are held back too:
    ``random`` would seed itself anew, and the others mend what only threads can have broken.
    """
    register = getattr(os, "register_at_fork", None)
    if register is None:
        return

    def register_at_fork(*args, **handlers):
        for when, handler in handlers.items():
            if callable(handler):  # if not, the real one says what is wrong
                handlers[when] = held_back(handler)
        return register(*args, **handlers)

    os.register_at_fork = sys.modules["posix"].register_at_fork = register_at_fork


def held_back(handler):
    return lambda: None if State.forking else handler()


class Getpid:
    """``os.getpid``, and whether the project asks it: what it keeps is wrong in a fork.

    An object, since a function that stands in a class would become a method, and the real one not.
    """

    def __call__(self):
        if not State.knows_pid and is_own(_getframe(1).f_code.co_filename):
            State.knows_pid = True
        return _getpid()


def watch_pid():
    os.getpid = sys.modules[os.name].getpid = Getpid()


# --- what came of it -----------------------------------------------------------------------------


def safely(function, *args):
    """Text from code that may itself fail."""
    try:
        found = function(*args)
        return found if isinstance(found, str) else ""
    except BaseException:
        return ""


def type_name(kind):
    module = safely(lambda: kind.__module__)
    name = safely(lambda: kind.__qualname__) or "exception"
    return name if module in ("builtins", "") else module + "." + name


def frames_of(failure):
    """The traceback without the import system and this file; and the modules on its way."""
    found, modules = [], []
    trace = failure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        path = code.co_filename
        if not path.startswith("<frozen importlib") and path != __file__:
            own = is_own(path)
            found.append((path, trace.tb_lineno or 0, code.co_name, own))
            if own and code.co_name == "<module>":
                modules.append(text_of(trace.tb_frame.f_globals.get("__name__")))
        trace = trace.tb_next
    if len(found) > MOST_FRAMES:
        found = found[:20] + found[20 - MOST_FRAMES :]
    return (
        [(relative(path), line, name, line_of(path, line), own) for path, line, name, own in found],
        modules,
    )


def describe(failure, depth=0):
    """An exception as nested plain values."""
    frames, _ = frames_of(failure)
    told = {
        "type": type_name(type(failure)),
        "message": safely(str, failure)[:MOST_TEXT],
        "frames": frames,
        "name": "",
        "module": "",
        "partial": False,
        "file": "",
        "line": 0,
        "cause": None,
        "raised_from": failure.__cause__ is not None,
    }
    if isinstance(failure, (NameError, AttributeError)):
        told["name"] = safely(lambda: failure.name) or quoted(told["message"], type(failure))
    elif isinstance(failure, ImportError):
        describe_import(failure, told)
    elif isinstance(failure, SyntaxError):
        told["file"] = relative(safely(lambda: failure.filename))
        told["line"] = failure.lineno if isinstance(failure.lineno, int) else 0
        told["message"] = safely(lambda: failure.msg)[:MOST_TEXT]
    # With ``from None`` too: what was being handled may be what to mend.
    cause = failure.__cause__ or failure.__context__
    if cause is not None and depth < 6:
        told["cause"] = describe(cause, depth + 1)
    return told


def quoted(message, kind):
    """The name in the message of an error that does not hold it, before Python 3.10."""
    parts = message.split("'")
    if issubclass(kind, NameError):
        return parts[1] if len(parts) > 2 else ""
    return parts[-2] if len(parts) > 2 and "attribute" in message else ""


def describe_import(failure, told):
    told["module"] = safely(lambda: failure.name)
    told["partial"] = "partially initialized module" in told["message"]
    wanted = safely(lambda: failure.name_from)
    if not wanted and told["message"].startswith("cannot import name '"):
        wanted = told["message"].split("'")[1]
    told["name"] = wanted
    if wanted and not told["partial"]:
        module = sys.modules.get(told["module"])
        spec = getattr(module, "__spec__", None)
        told["partial"] = getattr(spec, "_initializing", False) is True


def import_module(name):
    """Import it, and say what came of it."""
    State.watching = True
    began = _clock()
    try:
        _import(name)
        failure = None
    except BaseException as caught:  # SystemExit and KeyboardInterrupt too
        failure = caught
    State.seconds += _clock() - began
    if State.pid != _getpid():
        _exit(0)  # the module forked, and this is its child, which came back here
    State.watching = False
    flush()
    result = {"outcome": "ok", "seconds": State.seconds, "failure": None, "loading": []}
    if failure is not None:
        result["outcome"] = "raised"
        try:
            result["failure"] = describe(failure)
            result["loading"] = frames_of(failure)[1]
        except BaseException as caught:  # an exception that fights back
            result["failure"] = {
                "type": type_name(type(failure)),
                "message": type_name(type(caught)),
            }
    try:
        look_around()
    except Exception:  # what was replaced by the module cannot be asked
        pass
    return result


def flush():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except BaseException:  # closed, replaced or None
            pass


def look_around():
    """What is different now: folder, threads, children."""
    try:
        here = _getcwd()
    except OSError:
        here = "(gone)"
    if here != State.folder_then:
        effect("changed-folder", here)
    if _count_threads() and not any(each[0] == "thread" for each in State.effects):
        effect("thread", "%d alive" % _count_threads())
    for pid in children():
        words = read_file("/proc/%s/cmdline" % pid).replace(b"\0", b" ").strip()
        effect("left-child", words.decode("utf-8", "replace") or "a process")


def children():
    """The processes that this one started and that are alive, where the system tells."""
    found = []
    if LINUX:
        for task in _listdir("/proc/self/task"):
            try:
                told = read_file("/proc/self/task/%s/children" % task).decode().split()
            except OSError:
                continue
            found += [pid for pid in told if b") Z " not in read_file("/proc/%s/stat" % pid)]
    return found


def answer(result):
    """Leave the result in the slot; smaller where it does not fit."""
    result["effects"] = State.effects
    data = ascii(result).encode()
    failure = result.get("failure")
    while failure and not put(RESULT, SIZE, data):
        if failure.get("cause"):
            failure["cause"] = None
        elif failure.get("frames"):
            failure["frames"] = failure["frames"][-5:] if len(failure["frames"]) > 5 else []
        else:
            failure["message"] = failure["message"][:100]
            put(RESULT, SIZE, ascii(result).encode())
            return
        data = ascii(result).encode()
    if not failure:
        put(RESULT, SIZE, data)


# --- whether a process may be forked -------------------------------------------------------------


def why_not_fork():
    """Why what is forked from here might behave otherwise than a process of its own."""
    if os.fork is not _fork or builtins.__import__ is not _import:
        return "os.fork or __import__ was replaced"
    threads = _count_threads()
    if LINUX:
        threads = max(threads, len(_listdir("/proc/self/task")) - 1)
    if threads:
        return "threads are alive"
    if State.knows_pid:
        return "the project asks for the process id"
    if signals() != State.signals or any(_signal.getitimer(_signal.ITIMER_REAL)):
        return "signal handlers or timers are set"
    if open_files():
        return "sockets, event loops or files are open"
    if has_children():
        return "child processes are alive"
    return ""


def signals():
    found = []
    for number in range(1, _signal.NSIG):
        try:
            found.append(_signal.getsignal(number))
        except (ValueError, OSError):
            found.append(None)
    return found


def open_numbers():
    return frozenset(int(name) for name in _listdir("/proc/self/fd" if LINUX else "/dev/fd"))


def open_files():
    """The files that were opened since the start and that processes must not share."""
    found = []
    for number in open_numbers() - State.files:
        try:
            kind = _fstat(number).st_mode & 0o170000
            path = _readlink("/proc/self/fd/%d" % number) if LINUX else ""
        except OSError:
            continue  # that of the listing itself
        if path.startswith(("/dev/null", "/dev/urandom", "/dev/random", "/proc/")):
            continue
        if kind == 0o100000 and is_append_only(number):
            continue
        found.append(path or str(number))
    return found


def is_append_only(number):
    """Whether a file is only ever written at its end: a log."""
    try:
        told = read_file("/proc/self/fdinfo/%d" % number).decode()
    except OSError:
        return False
    flags = int(told.partition("flags:")[2].split()[0], 8)
    return bool(flags & os.O_APPEND) and flags & 3 == os.O_WRONLY


def has_children():
    try:
        _waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    except OSError:
        return True
    return True


# --- leaf and node -------------------------------------------------------------------------------


def become(slot):
    """Take the place that the guard prepared: memory, output, session. What to do there."""
    State.slot = slot
    State.pid = _getpid()
    State.busy = True
    base = State.folder + "/" + slot
    if State.prctl is not None and slot != "root":
        State.prctl(1, _KILL)  # PR_SET_PDEATHSIG. The first one has to clear up.
    file = _os_open(base + ".memory", os.O_RDWR | _BINARY)
    State.memory = mmap.mmap(file, SIZE)
    _os_close(file)
    State.nonce = State.memory[:16]
    State.memory[PID : PID + 8] = b"%08d" % State.pid
    put(LOADING, EFFECTS, b"")
    if State.request["plain"]:  # then its files are those that it was started with
        State.busy = False
        return read_literal(base + ".job")
    out = _os_open(State.folder + "/out/" + slot, os.O_WRONLY | os.O_APPEND)
    null = _os_open("/dev/null", os.O_RDONLY)
    _dup2(null, 0)
    _dup2(out, 1)
    _dup2(out, 2)
    _os_close(out)
    _os_close(null)
    job = read_literal(base + ".job")
    State.files = open_numbers()
    State.busy = False
    return job


def run(job):
    """Do one job. It returns only in a process that was forked meanwhile: with that one's job."""
    kind = job["kind"]
    if kind == "fresh":
        path, boot = State.request["python"], State.request["boot"]
        os.execv(path, [path, "-c", boot % (State.folder, State.slot)])
    if kind == "root":
        told = marshal.loads(read_file(State.folder + "/leading"))
        State.leading, State.standard, looks, State.searches, collectors = told
        State.looks, State.collectors = frozenset(looks), frozenset(collectors)
        write_plan(plan(job["below"], ()))
        answer({"outcome": "ok", "unsafe": ""})
        return serve()
    State.asked.clear()
    State.loaded.clear()
    result = import_module(job["module"])
    if kind == "leaf" or result["outcome"] != "ok":
        answer(result)
        _exit(0)
    result["unsafe"] = why_not_fork()
    if not result["unsafe"]:
        write_plan(plan(job["below"], job["extra"]))
    answer(result)
    if result["unsafe"]:
        _exit(0)
    if State.collectors.isdisjoint(sys.modules):
        # A collection writes to each object, and what is forked would get a copy of them all.
        _freeze()
    return serve()


# --- what can be shared --------------------------------------------------------------------------


def write_plan(found):
    file = _os_open(
        State.folder + "/" + State.slot + ".plan", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
    )
    data = ascii(found).encode()
    while data:
        data = data[_os_write(file, data) :]
    _os_close(file)


def plan(below, extra):
    """For each module that is to be imported from here: what it will load first, and inside what.

    ``below`` belongs here; ``extra`` only if nobody missed what would have begun already: the
    module itself, and those ``within`` which it would have loaded what was loaded here.
    ``(name, "", ())``: nothing that could be shared; import it now. ``(name, None, ())``: not here.
    """
    asked = frozenset(State.asked)
    looked_at = not State.looks.isdisjoint(State.loaded) or any(
        name in sys.modules for name in State.searches
    )
    found = [(name,) + next_load(name) for name in below]
    for name, within in extra:
        awaited = (name,) + within
        if looked_at or not asked.isdisjoint(awaited) or any(n in sys.modules for n in awaited):
            found.append((name, None, ()))
        else:
            found.append((name,) + next_load(name))
    return found


def next_load(name):
    if name in sys.modules:
        return "", ()
    found = first_load((name,)) or first_load((name,), False) or ("", ())
    return found if found[0] else (first_standard(name), ())


def first_standard(name):
    """What ``name``, which has all else that it begins with, loads next of the standard library.

    Not what it would load behind an import of which it is hard to say what that loads.
    """
    there = 0
    for step in State.leading.get(name, ()):
        if effective(step) != "":
            break
        there += 1
    for others, step in State.standard.get(name, ()):
        found = effective(step) if others <= there else None
        if found != "":
            return found or ""
    return ""


def first_load(chain, deep=True):
    """The first module that the innermost of ``chain`` loads before anything else; and inside what.

    ``None`` where its imports come back to one of the chain: a circle.
    """
    for step in State.leading.get(chain[-1], ()):
        name = effective(step)
        if name is None:
            break
        if not name:
            continue
        if name in chain:
            return None
        if not deep:
            return name, ()
        return first_load(chain + (name,)) if State.leading.get(name) else (name, chain[1:])
    return (chain[-1], chain[1:-1]) if len(chain) > 1 else ("", ())


def effective(step):
    """What an import would load now: a name; empty if nothing; ``None`` if that is hard to say."""
    parts = step[0].split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if name not in sys.modules:
            return name
        if not is_plain(sys.modules[name]):
            return None
    module = sys.modules[step[0]]
    names = vars(module)
    for wanted in step[1:]:
        if wanted == "*":
            if not all(each in names for each in names.get("__all__", ())):
                return None
        elif wanted not in names:
            if "__getattr__" in names or "__path__" not in names:
                return None
            name = step[0] + "." + wanted
            return name if name not in sys.modules else None
    return ""


def is_plain(module):
    """Whether a module is a module, and wholly imported."""
    spec = getattr(module, "__spec__", None)
    return type(module) is type(sys) and getattr(spec, "_initializing", False) is not True


def serve():
    """Fork what the guard says. Returns in each child, with its job; the parent ends here.

    For the last of them nothing is forked: it is this process that becomes it (``=slot``).
    """
    try:
        commands = _os_open(State.folder + "/" + State.slot + ".fifo", os.O_RDONLY)
    except OSError:
        _exit(0)
    tell("R", State.slot)  # not before: whoever is told to go on as another loses its fifo
    lives = {}  # file -> (pid, slot)
    lost = {}  # pid -> slot, of those that closed their end
    poll = _poll()
    poll.register(commands, _POLLIN)
    rest = b""
    while True:
        for file, _ in poll.poll(5 if lost else 200 if lives else None):
            if file != commands:
                pid, slot = lives.pop(file)
                poll.unregister(file)
                _os_close(file)
                if not reaped(pid, slot):
                    lost[pid] = slot
                continue
            data = _os_read(commands, 65536)
            if not data:
                end(list(lives.values()), list(lost), abandoned=True)
            lines = (rest + data).split(b"\n")
            rest = lines.pop()
            for line in lines:
                slot = line.decode()
                if slot == "quit":
                    end(list(lives.values()), list(lost))
                if slot[:1] == "=":
                    if lives or lost:  # which the module would see
                        end(list(lives.values()), list(lost))
                    _os_close(commands)
                    return become(slot[1:])
                life, held = _pipe()
                State.forking = True
                try:
                    pid = _fork()
                except OSError:  # no memory, or too many processes
                    pid = -1
                State.forking = False
                if pid < 0:
                    _os_close(life)
                    _os_close(held)
                    tell("E", slot, "-1", "0")
                    continue
                if pid == 0:
                    _setsid()
                    for file in list(lives) + [commands, life]:
                        _os_close(file)
                    return become(slot)
                _os_close(held)
                lives[life] = (pid, slot)
                poll.register(life, _POLLIN)
        for pid, slot in list(lost.items()):
            if reaped(pid, slot):
                del lost[pid]
        for file, (pid, slot) in list(lives.items()):
            # A child of its own may hold the other end.
            if reaped(pid, slot):
                del lives[file]
                poll.unregister(file)
                _os_close(file)


def reaped(pid, slot):
    """Whether a child is gone; then what it left behind is gone too, and the guard knows."""
    try:
        done, status = _waitpid(pid, os.WNOHANG)
    except OSError:
        done, status = pid, -1
    if not done:
        return False
    left = 1
    try:
        _killpg(pid, _KILL)
    except OSError:
        left = 0
    tell("E", slot, str(status), str(left))
    return True


def end(lives, lost, abandoned=False):
    """The guard has no more to do here, or (``abandoned``) is gone."""
    for pid in [pid for pid, _ in lives] + lost:
        try:
            _killpg(pid, _KILL)
        except OSError:
            pass
    if State.slot == "root":
        stop_orphans()
        if abandoned:
            remove_folder()
    _exit(0)


def stop_orphans():
    """Stop what was left by whomever: it has become a child of the first process."""
    for _ in range(50):
        found = children()
        for pid in found:
            try:
                _kill(int(pid), _KILL)
            except OSError:
                pass
        if not found:
            break
        time.sleep(0.01)


def remove_folder():
    """Remove the control folder, as the guard cannot. Others may still be at their last words."""
    for _ in range(100):
        for folder, folders, files in os.walk(State.folder, topdown=False):
            for name in files + folders:
                for remove in (os.unlink, os.rmdir):
                    try:
                        remove(folder + "/" + name)
                    except OSError:
                        pass
        try:
            os.rmdir(State.folder)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)


# --- the first process ---------------------------------------------------------------------------


class Library:
    """The functions of the C library, with numbers and bytes: what ``ctypes`` does, without it."""

    def __init__(self):
        import _ctypes

        self._find, self._call = _ctypes.dlsym, _ctypes.call_function
        self._handle = _ctypes.dlopen(None, 2)  # RTLD_NOW

    def __getattr__(self, name):
        address, call = self._find(self._handle, name), self._call
        return lambda *args: call(address, args)


def isolate():
    """Ask the kernel for what Python cannot do. What is in force against the network."""
    wanted = State.request["network"]
    library = None
    if LINUX:
        try:
            library = Library()
            library.prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans come here
            State.prctl = library.prctl
        except Exception:  # built without it: then by other means
            library = None
    if wanted == "allow":
        return "allowed"
    State.refused = True
    if library is not None and leave_network(library):
        if wanted == "loopback" and not raise_loopback(library):
            return "namespace without loopback"
        return "namespace"
    State.refusing = True
    return "hook"


def leave_network(library):
    """Move into a network namespace where there is nothing."""
    new_user, new_net = 0x10000000, 0x40000000
    user, group = os.getuid(), os.getgid()
    if library.unshare(new_net) == 0:
        return True
    if library.unshare(new_user | new_net) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", "%d %d 1" % (user, user)),
        ("gid_map", "%d %d 1" % (group, group)),
    ):
        try:
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
        except OSError:
            pass
    return True


def raise_loopback(library):
    """Bring up ``lo``, which is down in a new namespace."""
    socket = library.socket(2, 2, 0)
    if socket < 0:
        return False
    wish = b"lo".ljust(16, b"\0") + (0x41).to_bytes(2, sys.byteorder) + bytes(22)
    done = library.ioctl(socket, 0x8914, wish) == 0
    os.close(socket)
    return done


def limit_memory():
    size = State.request["memory"]
    if size:
        try:
            import resource
        except ImportError:  # Windows: the guard limits it from outside
            return
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def hide():
    """Take out of ``sys.modules`` what a bare interpreter has not."""
    for name in list(sys.modules):
        if name not in _bare:
            del sys.modules[name]


def main(folder, slot):
    """Begin: as the first process of all, or (``slot``) as one that imports a single module."""
    State.folder = folder
    State.request = request = read_literal(folder + "/request")
    State.top = slashed(request["top"]) + "/"
    prefixes = {slashed(at) + "/" for at in (sys.prefix, sys.exec_prefix, sys.base_prefix)}
    State.foreign = ("<",) + tuple(prefixes - {State.top})
    fresh = slot != "root"
    in_force = isolate() if not fresh else request["network"]
    if fresh:
        told = read_literal(folder + "/isolated")
        State.refused, State.refusing = told["refused"], told["refusing"]
    limit_memory()
    sys.path[:] = request["path"] + (_path[1:] if _path[:1] == [""] else _path)
    os.chdir(request["top"])
    State.folder_then = _getcwd()
    watch_imports()
    watch_at_fork()
    watch_pid()
    sys.addaudithook(hear)
    hide()
    State.asked.clear()
    if not fresh:
        isolated = {"refused": State.refused, "refusing": State.refusing, "how": in_force}
        with open(folder + "/isolated", "w") as file:
            file.write(ascii(isolated))
    job = become(slot)
    if not request["plain"]:
        State.signals = signals()
    if fresh:
        job = dict(job, kind="leaf")
    while True:
        job = run(job)


if __name__ == "guard_probe":
    main(*ARGUMENTS)  # noqa: F821 - set by whoever starts it
