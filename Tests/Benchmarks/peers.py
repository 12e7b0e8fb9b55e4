"""Servers and messages for the benchmarks beside this file: everything on loopback, each server in a folder of its own."""

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BACKROAD = os.environ.get("BACKROAD", os.path.join(REPOSITORY, ".build/release/backroad"))
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def free_port():
    """A port below the kernel's own range that is free for UDP and TCP."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def query(name, number, udp_payload=1232):
    """A query for A, with EDNS so that Extended DNS Errors come back."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    header = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 1)
    return header + labels + struct.pack(">HH", 1, 1) + struct.pack(">BHHIH", 0, 41, udp_payload, 0, 0)


def skip_name(message, at):
    while message[at] != 0:
        if message[at] & 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def parse(message):
    """The code, the last answer's TTL (None without answers), and the Extended DNS Errors' codes."""
    code = message[3] & 15
    questions, answers, authorities, additionals = struct.unpack(">HHHH", message[4:12])
    at = 12
    for _ in range(questions):
        at = skip_name(message, at) + 4
    ttl, errors = None, []
    for index in range(answers + authorities + additionals):
        at = skip_name(message, at)
        kind, _, seconds, length = struct.unpack(">HHIH", message[at : at + 10])
        data = message[at + 10 : at + 10 + length]
        at += 10 + length
        if index < answers:
            ttl = seconds
        while kind == 41 and len(data) >= 4:
            option, size = struct.unpack(">HH", data[:4])
            if option == 15:
                errors.append(struct.unpack(">H", data[4:6])[0])
            data = data[4 + size :]
    return code, ttl, errors


class Daemon:
    """A server in the foreground, with all its processes in a session of their own."""

    def __init__(self, folder, name, port, command):
        self.name, self.port, self.command = name, port, command
        self.log = open(os.path.join(folder, name + ".log"), "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, PATH=PATH))

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def stop(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def wait_until_it_answers(self, name):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended at once; see {self.log.name}")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(0.3)
                try:
                    client.connect(("127.0.0.1", self.port))
                    client.send(query(name, 7))
                    client.recv(4096)
                    return
                except OSError:
                    time.sleep(0.05)
        sys.exit(f"{self.name} does not answer; see {self.log.name}")

    def proportional_set_kib(self):
        """The memory of all its processes; what they share counts once."""
        total = 0
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/stat") as file:
                    session = int(file.read().rsplit(")", 1)[1].split()[3])
                if session == self.process.pid:
                    with open(f"/proc/{process}/smaps_rollup") as file:
                        total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except OSError:
                continue
        return total


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def load_generator(folder):
    """Compiles load.c; its path."""
    path = os.path.join(folder, "load")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load.c")
    subprocess.run(["cc", "-O2", "-Wall", "-o", path, source], check=True)
    return path


def nsd(folder, zone, ttl):
    """NSD with a zone in which every name has an address."""
    port = free_port()
    records = f"$TTL {ttl}\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n* A 192.0.2.1\n"
    write(folder, f"nsd/{zone}.zone", records)
    home = os.path.join(folder, "nsd")
    path = write(folder, "nsd/nsd.conf", f"""
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{home}"
  pidfile: ""
  xfrdfile: "{home}/xfrd.state"
  zonelistfile: "{home}/zone.list"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: {zone}.zone
""")
    return Daemon(folder, "nsd", port, ["nsd", "-d", "-c", path])


def backroad(folder, upstream, cache_mebibytes=64):
    port = free_port()
    write(folder, "backroad/zones/bench/workspace.json", '{ "clients": ["127.0.0.0/8"] }\n')
    return Daemon(folder, "backroad", port, [
        BACKROAD, "serve", "--zones", os.path.join(folder, "backroad/zones"), "--listen", f"127.0.0.1:{port}",
        "--workers", "1", "--forward", f"127.0.0.1:{upstream.port}", "--cache", str(cache_mebibytes)])


def unbound(folder, upstream, name="unbound", settings=""):
    port = free_port()
    path = write(folder, f"{name}/unbound.conf", f"""
server:
  interface: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  directory: "{folder}/{name}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
{settings}
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream.port}
""")
    return Daemon(folder, name, port, ["unbound", "-d", "-c", path])


def dnsmasq(folder, upstream, name="dnsmasq", settings=()):
    port = free_port()
    return Daemon(folder, name, port, [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", f"--port={port}", "--listen-address=127.0.0.1",
        "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--user=root", "--cache-size=10000",
        f"--server=127.0.0.1#{upstream.port}", *settings])
