"""Stands for the AWS CLI 2 in one command, `ec2-instance-connect open-tunnel`, with the options of its own (opentunnel.py in aws/aws-cli).

python aws_cli.py PORT LOG ARGUMENTS...     the tunnel ends at 127.0.0.1:PORT; each call's arguments are a line of LOG
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading


def main() -> None:
    port, log, *arguments = sys.argv[1:]
    with open(log, "a") as file:
        print(json.dumps(arguments), file=file)
    if arguments == ["--version"]:
        print("aws-cli/2.31.0 Python/3.13.7 Linux/6.8.0 exe/x86_64.ubuntu.24")
        return
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("service", choices=["ec2-instance-connect"])
    parser.add_argument("operation", choices=["open-tunnel"])
    for name in ("instance-id", "instance-connect-endpoint-id", "instance-connect-endpoint-dns-name"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--private-ip-address")
    for name in ("remote-port", "local-port", "max-tunnel-duration", "max-websocket-connections"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--region")
    parser.add_argument("--profile")
    given = parser.parse_args(arguments)
    if not given.instance_id and not given.private_ip_address:
        sys.exit("Specify an instance id or private ip.")
    if given.local_port is None and sys.stdin.isatty():
        sys.exit("This command does not support interactive mode.")
    with socket.create_connection(("127.0.0.1", int(port))) as tunnel:

        def up() -> None:
            while data := os.read(0, 65536):
                tunnel.sendall(data)
            tunnel.shutdown(socket.SHUT_WR)

        threading.Thread(target=up, daemon=True).start()
        while data := tunnel.recv(65536):
            os.write(1, data)


main()
