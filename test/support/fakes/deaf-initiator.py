"""An iSCSI initiator that asks and asks, and takes no answer: PORT TARGET COMMANDS. Its socket holds next to nothing."""

import socket
import struct
import sys

port, target, commands = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
connection = socket.socket()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
connection.connect(("127.0.0.1", port))
text = f"InitiatorName=iqn.test:deaf\0TargetName={target}\0".encode()
login = struct.pack(">BB2xI8xIII20x", 0x43, 0x87, len(text), 0, 0, 1)
connection.sendall(login + text + bytes(-len(text) % 4))
connection.recv(48)
# What the kernel does not take within this many seconds, nobody reads.
connection.settimeout(1)
try:
    for number in range(1, 1 + commands):
        connection.sendall(struct.pack(">BB14xI4xI20x", 0x01, 0x80, number, number))
    print("sent", flush=True)
except TimeoutError:
    print("stuck", flush=True)
sys.stdin.read()
