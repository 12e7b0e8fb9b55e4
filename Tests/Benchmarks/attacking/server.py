"""A server in a folder of its own, and those who ask it."""

import json
import os
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from . import wire

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import peers  # noqa: E402  (the module beside the package)

VICTIM, HOSTILE, STRANGER = "127.0.0.2", "127.0.0.3", "127.9.9.9"
ZONE = "$TTL 300\n@ SOA ns root 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n"
#: The files of the two workspaces that most attacks have.
GOOD = {"workspace.json": {"clients": [VICTIM]}, "corp.example.zone": ZONE + "www A 192.0.2.1\n"}
BAD = {"workspace.json": {"clients": [HOSTILE]}}


class Ended(Exception):
    """The server ended where it should have gone on."""


def write(path, content):
    """Writes a file as editors do: beside it, and then in its place."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not isinstance(content, (bytes, str)):
        content = json.dumps(content)
    with open(path + "~", "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    os.rename(path + "~", path)


def ask(port, question, kind=wire.A, source=VICTIM, patience=2.0, **query):
    """The answer over UDP; None when none comes in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind((source, 0))
        end.connect(("127.0.0.1", port))
        message = wire.query(question, kind, **query)
        deadline = time.monotonic() + patience
        try:
            end.send(message)
            while (rest := deadline - time.monotonic()) > 0:
                end.settimeout(rest)
                answer = end.recv(65535)
                if answer[:2] == message[:2]:
                    return wire.read(answer)
        except OSError:
            pass
        return None


class Stream:
    """A client's TCP connection."""

    def __init__(self, port, source=VICTIM, patience=5.0):
        self.socket = socket.socket()
        self.socket.settimeout(patience)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.received = b""

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack(">H", len(message)) + message for message in messages))

    def receive(self):
        """The next message; None when none comes in time or the connection ended."""
        try:
            while len(self.received) < 2 or len(self.received) < 2 + struct.unpack(">H", self.received[:2])[0]:
                more = self.socket.recv(1 << 18)
                if not more:
                    return None
                self.received += more
        except OSError:
            return None
        length = struct.unpack(">H", self.received[:2])[0]
        message, self.received = self.received[2 : 2 + length], self.received[2 + length :]
        return message

    def close(self):
        self.socket.close()


class Server:
    """Backroad on workspaces, {workspace: {file: content}}; it answers when it is made, unless told otherwise."""

    def __init__(
        self,
        workspaces,
        forward=None,
        workers=1,
        flags=(),
        config=None,
        prefix=(),
        errors=None,
        descriptors=None,
        ready="www.corp.example",
        patience=20,
    ):
        self.folder = tempfile.mkdtemp(prefix="attack-")
        self.zones = os.path.join(self.folder, "zones")
        os.makedirs(self.zones)
        for workspace, files in workspaces.items():
            for file, content in files.items():
                write(os.path.join(self.zones, workspace, file), content)
        self.port = peers.free_port()
        rules = [{"zone": ".", "to": [f"127.0.0.1:{forward.port}"]}] if forward else []
        write(os.path.join(self.folder, "backroad.json"), {"forward": rules, **(config or {})})
        self.log = os.path.join(self.folder, "log")
        self.errors, self.descriptors, self.ready = errors, descriptors, ready
        self.command = [
            *prefix,
            peers.BACKROAD,
            "serve",
            "--config",
            "backroad.json",
            "--listen",
            f"127.0.0.1:{self.port}",
            "--workers",
            str(workers),
            *flags,
        ]
        self.start(patience)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, patience=20):
        def limit():
            if self.descriptors:
                resource.setrlimit(
                    resource.RLIMIT_NOFILE, (self.descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
                )

        start = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=self.errors or log,
                preexec_fn=limit,
            )
        while self.ready and time.monotonic() - start < patience:
            if self.process.poll() is not None:
                raise Ended(f"the server ended with {self.process.returncode}: {self.log_text()[-200:].strip()}")
            if ask(self.port, self.ready, patience=0.3):
                break
            time.sleep(0.01)
        self.started = time.monotonic() - start

    def kill(self, number=signal.SIGKILL):
        """Ends the server, and the program that it was started by, if any."""
        children = self.children()
        for process in [*children, self.process.pid]:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass
        self.process.wait()
        while any(is_running(process) for process in children):
            time.sleep(0.005)

    def seconds_until_ended(self, patience=8):
        """Sends SIGTERM; how long it takes until the process has ended."""
        start = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        return time.monotonic() - start

    def children(self):
        try:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
                return [int(word) for word in file.read().split()]
        except OSError:
            return []

    def log_text(self):
        with open(self.log, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def ask(self, question, kind=wire.A, source=VICTIM, patience=2.0, **query):
        return ask(self.port, question, kind, source, patience, **query)

    def stream(self, source=VICTIM, patience=5.0):
        return Stream(self.port, source, patience)

    def write(self, path, content):
        write(os.path.join(self.zones, path), content)

    def command_line(self, *words, patience=20, **options):
        """Runs a command on this server's folder."""
        return run(self.folder, *words, patience=patience, **options)

    def worker_seconds(self):
        """The processor time of all threads but the first, which reads files."""
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            if int(task) != self.process.pid:
                total += thread_seconds(self.process.pid, task)
        return total

    def all_seconds(self):
        """The processor time of all threads."""
        return sum(thread_seconds(self.process.pid, task) for task in os.listdir(f"/proc/{self.process.pid}/task"))

    def memory(self, field="VmRSS"):
        """Mebibytes; VmHWM is the peak."""
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
        raise Ended("the server ended")

    def seconds_until_changed(self, number, patience=25):
        """How long a change of the victim's zone takes to be served."""
        self.write("victim/corp.example.zone", ZONE + f"www A 192.0.2.{number}\n")
        start = time.monotonic()
        while time.monotonic() - start < patience:
            if self.process.poll() is not None:
                raise Ended(f"the server ended with {self.process.returncode}")
            answer = self.ask("www.corp.example", patience=0.2)
            if answer and answer.addresses == [f"192.0.2.{number}"]:
                return time.monotonic() - start
            time.sleep(0.002)
        return patience


def strace(calls, fault=None, output="/dev/null"):
    """What to put before a command whose calls, "a,b,c", are written to a file and meet a fault, as strace names it."""
    inject = ["-e", f"inject={calls}:{fault}"] if fault else []
    return ["strace", "-f", "-o", output, "-e", f"trace={calls}", *inject]


def is_running(process):
    """False once all threads are gone: until then its sockets and locks are there."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z" or len(os.listdir(f"/proc/{process}/task")) > 1
    except OSError:
        return False


def thread_seconds(process, task):
    try:
        with open(f"/proc/{process}/task/{task}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:
        return 0


def run(folder, *words, patience=20, prefix=(), **options):
    """Runs a command in a folder; its outcome with `stdout` and `stderr` as octets."""
    return subprocess.run(
        [*prefix, peers.BACKROAD, *words], cwd=folder, capture_output=True, timeout=patience, **options
    )


def fresh(zone, prefix="n"):
    """A name that nobody asked for before."""
    return f"{prefix}{random.randrange(1 << 48):x}.{zone}"
