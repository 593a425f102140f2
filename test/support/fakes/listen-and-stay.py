# Listens at a socket, and goes into an execve(2) that never ends, as it closes a file whose server does not answer.
# Usage: python3 listen-and-stay.py SOCKET FILE HANG (HANG: made once FILE is open, right before)
import os
import socket
import sys

path, file, hang = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
os.set_inheritable(listener.fileno(), True)
os.open(file, os.O_RDONLY)
open(hang, 'w').close()
os.execv('/bin/sleep', ['sleep', '60'])
