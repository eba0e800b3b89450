"""Which requests to the kernel a caged process may make: what computing and files need, and nothing about others.

Landlock guards files; this guards the rest, on old kernels, too: networks, processes, signals, shared memory, clocks,
and what Landlock leaves open about files. Whatever a kernel learns after the libseccomp in use is refused as unknown.
"""

import errno
import os
from collections.abc import Iterable

import pyseccomp
from pyseccomp import EQ, MASKED_EQ, Arch, Arg, SyscallFilter

# Calls by the reason why they are refused with "not permitted".
REFUSED = {
    "networks": "socket bind connect listen accept accept4",
    "processes": "fork vfork execve execveat unshare setns",
    "other processes": """ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp tkill
        pidfd_open pidfd_getfd pidfd_send_signal move_pages migrate_pages""",
    "memory that others may share, or that is counted nowhere": """shmget shmat shmctl semget semop semctl semtimedop
        msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_notify mq_timedsend mq_timedreceive mq_getsetattr
        memfd_create memfd_secret add_key request_key keyctl""",
    "files past their paths, and watching them": """open_by_handle_at name_to_handle_at inotify_init inotify_init1
        inotify_add_watch fanotify_init fanotify_mark truncate utime utimes utimensat futimesat
        quotactl quotactl_fd lookup_dcookie""",
    "the machine": """mount umount2 pivot_root chroot mount_setattr open_tree move_mount fsopen fsconfig fsmount fspick
        swapon swapoff reboot kexec_load kexec_file_load init_module finit_module delete_module acct syslog
        settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname iopl ioperm modify_ldt bpf
        perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register vhangup uselib nfsservctl""",
}
# Calls that seem to succeed and do nothing: programs make them in passing, and Landlock says nothing about them.
IGNORED = """chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat sync syncfs
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"""
# The same for calls about the own process, which is 0, and the place of its number among the arguments.
IGNORED_ABOUT_ITSELF = {
    "setpriority": 1,
    "ioprio_set": 1,
    "sched_setaffinity": 0,
    "sched_setscheduler": 0,
    "sched_setparam": 0,
    "sched_setattr": 0,
}
# Calls that are unknown here, so that libraries take other ways, of which arguments can be looked at.
UNKNOWN = "clone3 openat2 fallocate"
# Calls that are allowed about the own process only: its number stands in the first argument, or 0 where that means it.
ABOUT_ITSELF = "kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"
ABOUT_ITSELF_OR_0 = "prlimit64 getpgid getsid getpriority"
# Other commands of these could send signals to whoever is named in them.
COMMANDS = {
    # F_DUPFD to F_SETLKW, F_GETOWN, locks of open files, F_DUPFD_CLOEXEC, leases, sizes of pipes, seals.
    "fcntl": [*range(8), 9, 36, 37, 38, *range(1030, 1037)],
    # What terminals are asked, and FIONREAD, FIONBIO, FIOCLEX, FIONCLEX.
    "ioctl": [0x5401, 0x5413, 0x540F, 0x541B, 0x5421, 0x5450, 0x5451],
}
_CLONE_THREAD = 0x00010000
_SOCK_STREAM = 1
_LAST_NUMBER = 511


def _known() -> Iterable[str]:
    """The names of all system calls of this machine that the installed libseccomp knows."""
    for number in range(_LAST_NUMBER + 1):
        try:
            name = pyseccomp.resolve_syscall(Arch.NATIVE, number)
        except (OSError, ValueError):
            continue
        if name:
            yield name.decode() if isinstance(name, bytes) else name


def rules() -> SyscallFilter:
    """The rules that hold for every process; `load_for_this_process` adds those about itself and makes them hold."""
    made = SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    # A search tree in the place of a long list.
    made.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, 2)
    refused = set(" ".join(REFUSED.values()).split())
    ignored = set(IGNORED.split())
    looked_into = {
        "clone",
        "socketpair",
        "open",
        "openat",
        *COMMANDS,
        *ABOUT_ITSELF.split(),
        *ABOUT_ITSELF_OR_0.split(),
        *IGNORED_ABOUT_ITSELF,
    }
    for name in _known():
        if name in refused:
            made.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
        elif name in ignored:
            made.add_rule(pyseccomp.ERRNO(0), name)
        elif name not in looked_into and name not in UNKNOWN.split():
            made.add_rule(pyseccomp.ALLOW, name)
    _allow_by_arguments(made)
    return made


def _allow_by_arguments(made: SyscallFilter) -> None:
    # A thread is no process of its own.
    made.add_rule(pyseccomp.ALLOW, "clone", Arg(0, MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    made.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", Arg(0, MASKED_EQ, _CLONE_THREAD, 0))
    # A pair of streams leads nowhere; with datagrams, other sockets could be named.
    made.add_rule(pyseccomp.ALLOW, "socketpair", Arg(1, MASKED_EQ, 0xF, _SOCK_STREAM))
    # Before its third version, Landlock let files be emptied that were opened for reading.
    for name, place in (("open", 1), ("openat", 2)):
        made.add_rule(pyseccomp.ALLOW, name, Arg(place, MASKED_EQ, os.O_TRUNC, 0))
        for access in (os.O_WRONLY, os.O_RDWR):
            made.add_rule(pyseccomp.ALLOW, name, Arg(place, MASKED_EQ, os.O_ACCMODE, access))
    for name, commands in COMMANDS.items():
        for command in commands:
            made.add_rule(pyseccomp.ALLOW, name, Arg(1, EQ, command))


def load_for_this_process(made: SyscallFilter) -> None:
    """Make the rules hold for the calling thread and all that it starts, for good."""
    own = os.getpid()
    for name in ABOUT_ITSELF.split():
        made.add_rule(pyseccomp.ALLOW, name, Arg(0, EQ, own))
    for name in ABOUT_ITSELF_OR_0.split():
        for number in (0, own):
            made.add_rule(pyseccomp.ALLOW, name, Arg(0, EQ, number))
    for name, place in IGNORED_ABOUT_ITSELF.items():
        for number in (0, own):
            made.add_rule(pyseccomp.ERRNO(0), name, Arg(place, EQ, number))
    made.load()
