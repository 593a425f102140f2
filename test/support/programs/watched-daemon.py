# A service manager in small: runs a program with a watchdog, says each message of its on a line, and on its standard
# input takes "freeze" and "thaw" for those of its threads that serve mounts (ptrace(2), which stops one thread and no
# other). python3 watched-daemon.py SOCKET MICROSECONDS PROGRAM ARGUMENT...
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000
THREADS = "fuse-"
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def threads_of(pid):
    folder = f"/proc/{pid}/task"
    return [int(t) for t in os.listdir(folder) if open(f"{folder}/{t}/comm").read().startswith(THREADS)]


path, period, *command = sys.argv[1:]
messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
messages.bind(path)
child = subprocess.Popen(command, env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": period})
frozen = []
while True:
    ready, _, _ = select.select([messages, sys.stdin], [], [])
    if messages in ready:
        print(messages.recv(4096).decode().replace("\n", " "), flush=True)
    if sys.stdin in ready:
        order = sys.stdin.readline().strip()
        if order == "freeze":
            frozen = threads_of(child.pid)
            for thread in frozen:
                ptrace(PTRACE_SEIZE, thread)
                ptrace(PTRACE_INTERRUPT, thread)
                os.waitpid(thread, WALL)
            print(f"FROZEN={len(frozen)}", flush=True)
        elif order == "thaw":
            for thread in frozen:
                ptrace(PTRACE_DETACH, thread)
        else:
            child.send_signal(signal.SIGTERM)
            sys.exit(child.wait())
