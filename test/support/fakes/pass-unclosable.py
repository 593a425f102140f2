# Passes an open file to a control socket as a user who is not root: what an attacker does with a file whose closing
# waits for ever. Prints the answer, and stays. Usage: python3 pass-unclosable.py SOCKET FILE HANG UID (HANG: made
# once it is open)
import json
import os
import socket
import sys
import time

path, file, hang, user = sys.argv[1:]
files = [os.open(file, os.O_RDONLY) for _ in range(3)]
open(hang, 'w').close()
os.setgroups([])
os.setresgid(int(user), int(user), int(user))
os.setresuid(int(user), int(user), int(user))
client = socket.socket(socket.AF_UNIX)
client.connect(path)
names = ['image', 'directory', 'map']
call = {'jsonrpc': '2.0', 'id': 1, 'method': 'mount', 'params': {'image': '/x', 'descriptors': names}}
socket.send_fds(client, [(json.dumps(call) + '\n').encode()], files)
print(client.recv(65536).decode(), flush=True)
while True:
    time.sleep(1000)
