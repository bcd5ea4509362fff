"""A job object of Windows: a process and all that it starts, ended together."""

from __future__ import annotations

import ctypes
import subprocess

_LIMIT_MEMORY, _END_WITH_US = 0x100, 0x2000
_ACCOUNTING, _LIMITS = 1, 9
SUSPENDED = 0x4
"""Start a process with it: else the launcher of a virtual environment might be quicker than us."""


class _Basic(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class _Extended(ctypes.Structure):
    _fields_ = (
        ("Basic", _Basic),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


class _Accounting(ctypes.Structure):
    _fields_ = (
        ("Times", ctypes.c_int64 * 4),
        ("TotalPageFaultCount", ctypes.c_uint32),
        ("TotalProcesses", ctypes.c_uint32),
        ("ActiveProcesses", ctypes.c_uint32),
        ("TotalTerminatedProcesses", ctypes.c_uint32),
    )


class Job:
    """Holds the process of ``handle``. Raises ``OSError`` where the kernel does not want it.

    ``memory`` are the bytes that each process in it may have; 0 for no limit. The kernel ends all
    of it when the guard's handle is gone, with the guard or before.
    """

    def __init__(self, handle: int, memory: int) -> None:
        library = self._library = vars(ctypes)["WinDLL"]("kernel32")  # not there on POSIX
        library.CreateJobObjectW.restype = ctypes.c_void_p
        self._job: int = library.CreateJobObjectW(None, None) or 0
        limits = _Extended()
        limits.Basic.LimitFlags = _END_WITH_US | (_LIMIT_MEMORY if memory else 0)
        limits.ProcessMemoryLimit = memory
        size = ctypes.sizeof(limits)
        if not (
            self._job
            and library.SetInformationJobObject(self._own(), _LIMITS, ctypes.byref(limits), size)
            and library.AssignProcessToJobObject(self._own(), ctypes.c_void_p(handle))
        ):
            self._close()
            raise OSError("Windows gave no job object for it")

    def alive(self) -> int:
        """How many processes of it are running."""
        told = _Accounting()
        self._library.QueryInformationJobObject(
            self._own(), _ACCOUNTING, ctypes.byref(told), ctypes.sizeof(told), None
        )
        return int(told.ActiveProcesses)

    def end(self) -> None:
        """End all of them."""
        if self._job:
            self._library.TerminateJobObject(self._own(), 1)
            self._close()

    def _close(self) -> None:
        if self._job:
            self._library.CloseHandle(self._own())
        self._job = 0

    def _own(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._job)


def hold(process: subprocess.Popen[bytes], memory: int) -> Job | None:
    """Put a process that was started ``SUSPENDED`` into a job, and let it go on.

    ``None`` where a job cannot be had. Raises ``OSError`` if then its memory would not be limited
    though it is to be, or if it does not go on.
    """
    handle = int(vars(process)["_handle"])
    job = None
    try:
        job = Job(handle, memory)
    except OSError:
        if memory:
            raise
    if vars(ctypes)["WinDLL"]("ntdll").NtResumeProcess(ctypes.c_void_p(handle)) != 0:
        raise OSError("Windows did not let it begin")
    return job
