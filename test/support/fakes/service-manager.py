# What systemd is to a service whose process cannot die. Kills a process of which a thread waits for ever, closing a
# file that cannot be closed, beside a watch that the process was given (isodrive-keeper --watch); prints what the
# watch says, whether it speaks in the process's name and of itself, and what it ends with.
# Usage: python3 service-manager.py KEEPER SOCKET FILE HANG (HANG: made once FILE is open)
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
keeper, path, file, hang = sys.argv[1:]
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
messages.bind(path)
messages.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
messages.settimeout(20)

daemon = os.fork()
if daemon == 0:
    # Who waits for the end of our output does not wait for this process's.
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(null, standard)
    opened = os.open(file, os.O_RDONLY)
    open(hang, "w").close()
    threading.Thread(target=os.close, args=[opened]).start()
    time.sleep(1000)
while not os.path.exists(hang):
    time.sleep(0.02)
time.sleep(0.5)
subprocess.run([keeper, "--watch", str(daemon)], env={"NOTIFY_SOCKET": path}, check=True)
os.kill(daemon, signal.SIGKILL)
text, control, _, _ = messages.recvmsg(4096, socket.CMSG_SPACE(12))
sender = struct.unpack("iII", control[0][2])[0]
name, _, number = text.decode().partition("=")
# The daemon itself has not ended, and is not waited for.
_, status = os.waitpid(int(number), 0)
is_there = os.waitpid(daemon, os.WNOHANG)[0] == 0
print(name, sender == daemon, os.waitstatus_to_exitcode(status), is_there, flush=True)
