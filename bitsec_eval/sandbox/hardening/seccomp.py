"""The system calls a guest may make: an allow list, written for Python programs without devices or a network.

Everything not listed is refused with EPERM; `clone3`, whose flags a filter cannot see, with ENOSYS, so that the C
library falls back to `clone`. Only the machine's own 64-bit entry exists: 32-bit and x32 calls kill the process.
Left out on purpose, though engines' default profiles allow some of them: io_uring, ptrace and process_vm, keyrings,
System V IPC, limits of other processes, namespaces, mounts, bpf, perf, userfaultfd, sockets other than unix and IP
(no AF_VSOCK, AF_ALG, AF_NETLINK, AF_PACKET), memory policies and personality changes.
The pages of the image are in the machine's memory once for all sandboxes, so what drops such pages, brings them in by
the side or tells which are there is refused as well: `posix_fadvise`, `mincore`, `cachestat`, `readahead`, kinds of
`madvise`, reads that do not wait or that drop what they read, `sync` and its kin. So are file notification (inotify,
fanotify) and leases on files. `sysinfo`, which tells of the whole machine's memory, stays: the C library takes the
size of memory from it and would go on with chance numbers.
Names that an architecture lacks (`open`, `fork` and others on aarch64) are left out by the runtime's libseccomp.
"""

from typing import Any

_FILES = """
access chmod chdir chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fdatasync fgetxattr flistxattr flock fstat fstatfs
fsync ftruncate futimesat getcwd getdents getdents64 getxattr ioctl
lchown lgetxattr link linkat listxattr llistxattr lseek lstat mkdir mkdirat mknod mknodat
newfstatat open openat openat2 pipe pipe2 pread64 preadv pwrite64 pwritev read readlink
readlinkat readv rename renameat renameat2 rmdir sendfile splice stat statfs statx symlink symlinkat
tee truncate umask unlink unlinkat utime utimensat utimes write writev memfd_create
"""
_PROCESSES = """
alarm arch_prctl execve execveat exit exit_group fork vfork futex futex_waitv futex_wait futex_wake futex_requeue
get_robust_list set_robust_list get_thread_area set_thread_area set_tid_address getegid geteuid getgid getgroups
getpgid getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid kill pause
pidfd_open pidfd_send_signal prctl rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
sched_setattr sched_setparam sched_setscheduler sched_yield setfsgid setfsuid setgid setgroups setpgid setpriority
setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack signalfd signalfd4 tgkill time times tkill
uname wait4 waitid capget capset getcpu getrandom membarrier restart_syscall sysinfo
"""
_MEMORY = """
brk map_shadow_stack mlock mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap
pkey_alloc pkey_free pkey_mprotect
"""
_TIME_AND_EVENTS = """
adjtimex clock_getres clock_gettime clock_nanosleep epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
epoll_wait eventfd eventfd2 getitimer gettimeofday nanosleep poll ppoll pselect6 select setitimer timer_create
timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink
"""
_SOCKETS = """
accept accept4 bind connect getpeername getsockname listen recvfrom recvmmsg recvmsg sendmmsg sendmsg
sendto setsockopt shutdown
"""

ALLOWED = tuple(sorted(set((_FILES + _PROCESSES + _MEMORY + _TIME_AND_EVENTS + _SOCKETS).split())))

SOCKET_FAMILIES = (1, 2, 10)  # unix, IPv4, IPv6; the only interface is loopback
MADVICE = (0, 1, 2, 4, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 102, 103)
"""Advice about memory of one's own: normal, random, sequential, don't need, free, remove, the kinds for fork, huge
pages and dumps, and guard pages. Left out: will need, cold, page out, populate, collapse, and sharing equal pages."""

READ_WRITE_FLAGS = 0x17  # RWF_HIPRI, DSYNC, SYNC and APPEND
FCNTL_COMMANDS = (*range(12), 15, 16, 36, 37, 38, 1027, *range(1030, 1039))
"""Descriptors, flags, owners, locks, sizes of pipes, seals and hints; not leases (1024, 1025) nor F_NOTIFY (1026)."""

SOCKET_OPTIONS = tuple(number for number in range(81) if number not in (57, 71))
"""All that Python knows; not SO_COOKIE and SO_NETNS_COOKIE, numbers that the machine hands out in order."""

LOW_32_BITS = 0xFFFFFFFF  # the kernel looks at no more of an int, so neither may a filter
NAMESPACE_FLAGS = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET
ENOSYS = 38

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_ENGINE_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}


def architecture(reported: str) -> str | None:
    """Return the name this module uses for an engine's architecture, or None where there is no profile for it."""
    name = _ENGINE_NAMES.get(reported, reported)
    return name if name in _ARCHITECTURES else None


def profile(machine: str) -> dict[str, Any]:
    """Return the profile for "x86_64" or "aarch64" in the JSON form that Docker, Podman and OCI runtimes share."""
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": [_ARCHITECTURES[machine]],
        "syscalls": [
            {"names": list(ALLOWED), "action": "SCMP_ACT_ALLOW"},
            _only(["socket", "socketpair"], *(_equal(0, family) for family in SOCKET_FAMILIES)),
            _only(["clone"], _masked(0, NAMESPACE_FLAGS, 0)),
            _only(["madvise"], *(_equal(2, advice) for advice in MADVICE)),
            _only(["preadv2", "pwritev2"], _masked(5, LOW_32_BITS & ~READ_WRITE_FLAGS, 0)),
            _only(["getsockopt"], *(_equal(2, option) for option in SOCKET_OPTIONS)),
            _only(["fcntl"], *(_equal(1, command) for command in FCNTL_COMMANDS)),
            _only(["prlimit64"], _equal(0, 0)),  # of itself only: a CPU limit would kill process 1, which we start
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
            _only(["personality"], _equal(0, 0), _equal(0, 0xFFFFFFFF)),
        ],
    }


def _equal(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def _masked(index: int, mask: int, value: int) -> dict[str, Any]:
    """Compare those bits of an argument that are in the mask."""
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _only(names: list[str], *conditions: dict[str, Any]) -> dict[str, Any]:
    """Allow calls for which any one of the conditions holds."""
    # Conditions on one argument in one rule are alternatives for runc and crun when they compare the same index.
    return {"names": names, "action": "SCMP_ACT_ALLOW", "args": list(conditions)}
