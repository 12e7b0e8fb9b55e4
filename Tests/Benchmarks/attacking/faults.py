"""System calls that fail once: what was said beside what is there."""

import json
import os
import shutil
import signal
import subprocess
import time

from . import at_most, attack, skipped
from .server import BAD, GOOD, Server, run, strace
from .silence import Admin

CALLS = "fsync,fdatasync"


def calls_of(trace, zones):
    """A trace's lines that are calls, and their numbers from the first on that has to do with the zones."""
    with open(trace) as file:
        lines = [line for line in file if "(" in line and not line.split(maxsplit=1)[1].startswith(("+++", "---"))]
    first = next((number for number, line in enumerate(lines, 1) if zones in line), 1)
    return lines, range(first, len(lines) + 1)


#: What a command says that is done and ends with another status than 0, because that could not be printed.
SAYS_SO = b"what was asked for is done"


def fails_once(words, calls, error, number=None):
    """Runs `workspace` while a call fails, none for None: whether it says that it is done, whether it is, the calls."""
    with Server({"victim": GOOD}, ready=None) as server:
        server.kill()
        if words[0] == "remove":
            run(server.folder, "workspace", "add", "acme", "--client", "10.0.0.0/8")
        trace = os.path.join(server.folder, "trace")
        prefix = strace(calls, f"error={error}:when={number}" if number else None, trace)
        outcome = run(server.folder, "workspace", *words, prefix=prefix)
        done = os.path.exists(os.path.join(server.zones, "acme")) == (words[0] == "add")
        says = outcome.returncode == 0 or SAYS_SO in outcome.stderr
        return says, done, *calls_of(trace, "zones")


@attack("fault-workspace", "15", 240)
def fault_workspace():
    """each system call of `workspace add` and `remove` fails once: outcomes that say the opposite of what is there"""
    if not shutil.which("strace"):
        yield skipped("outcomes", "needs strace")
        return
    faults = [
        (CALLS, "EIO"),
        ("rename,renameat,renameat2", "EIO"),
        ("openat,open,openat2", "EMFILE"),
        ("write,pwrite64,writev", "ENOSPC"),
        ("mkdir,mkdirat,unlink,unlinkat,rmdir,link,linkat", "EIO"),
        ("close", "EIO"),
        ("getdents64", "EIO"),
        ("stat,lstat,newfstatat,fstat,statx", "EIO"),
        ("flock,fcntl", "EINTR"),
    ]
    for words in (["add", "acme", "--client", "10.0.0.0/8"], ["remove", "acme"]):
        for calls, error in faults:
            wrong, (_, _, _, numbers) = [], fails_once(words, calls, error)
            for number in numbers:
                says, done, lines, _ = fails_once(words, calls, error, number)
                # What cannot be printed is another matter than what is there.
                if any("INJECTED" in line and ("write(1," in line or "write(2," in line) for line in lines):
                    continue
                if says != done:
                    wrong.append(f"{number}: {'done, and fails' if done else 'not done, and succeeds'}")
            what = f"workspace {words[0]}, {len(numbers)} times {error} of {calls.split(',')[0]}"
            yield at_most(what + "".join(f"; {text}" for text in wrong), len(wrong), 0)


def batch(number, count=1000):
    return [f"10.{number}.{index >> 8}.{index & 255}" for index in range(count)]


@attack("fault-leases", "15", 240)
def fault_leases():
    """each sync and rename of the lease journal fails once: acknowledged leases lost, refused ones kept"""
    if not shutil.which("strace"):
        yield skipped("leases", "needs strace")
        return
    for calls, error in (
        ("fsync", "EIO"),
        ("fdatasync", "EIO"),
        ("rename,renameat,renameat2", "EIO"),
        ("ftruncate", "EIO"),
        ("flock", "EINTR"),
    ):
        lost, kept, tried, where = 0, 0, 0, []
        for number in range(1, 12):
            with Server({"victim": GOOD, "hostile": BAD}) as server:
                server.kill()
                trace, command = os.path.join(server.folder, "trace"), server.command
                server.command = [*strace(calls, f"error={error}:when={number}", trace), *command]
                server.start(patience=15)
                expected, refused = set(), set()
                for step, addresses in enumerate([batch(1), batch(2), ["10.9.9.1"], batch(3, 100), ["10.9.9.2"]]):
                    status, _ = Admin(server).ask(
                        "/v1/leases", {"workspace": "hostile", "ttl": 3600, "addresses": addresses}
                    )
                    if status == 200:
                        expected |= set(addresses)
                        refused -= set(addresses)
                    else:
                        refused |= set(addresses) - expected
                server.kill()
                with open(trace) as file:
                    injected_here = "(INJECTED)" in file.read()
                if not injected_here:
                    break
                tried += 1
                server.command = command
                server.start()
                admin = Admin(server)
                admin.request("GET", "/v1/leases?limit=10000")
                there = {lease["address"] for lease in json.loads(admin.getresponse().read())["leases"]}
                gone, more = len(expected - there), len(refused & there)
                lost += gone
                kept += more
                if gone or more:
                    where.append(f"{number}: {gone} lost, {more} kept")
        what = f"{tried} times {error} of {calls.split(',')[0]}"
        yield at_most(what + "".join(f"; {text}" for text in where) + "; leases lost or kept wrongly", lost + kept, 0)


@attack("fault-listing", "15", 60)
def fault_listing():
    """listing the zones folder fails once while the server runs: whether the workspaces are still served"""
    if not shutil.which("strace"):
        yield skipped("questions", "needs strace")
        return
    for calls, error in (("getdents64", "EIO"), ("openat", "EMFILE"), ("newfstatat,statx,stat,lstat", "EIO")):
        lost, tried = 0, 0
        for number in range(1, 16):
            with Server({"victim": GOOD, "hostile": BAD}) as server:
                tracer = attached(server, strace(calls, f"error={error}:when={number}"))
                server.write("hostile/workspace.json", {"clients": ["127.0.0.3", f"10.0.0.{number}"]})
                server.process.send_signal(signal.SIGHUP)
                time.sleep(0.4)
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
                answer = server.ask("www.corp.example", patience=1)
                lost += not (answer and answer.addresses)
                tried += 1
        yield at_most(
            f"of {tried} servers, {error} of {calls.split(',')[0]}, those that no longer answer the victim", lost, 0
        )


def attached(server, command):
    """strace on a running server, once it has attached."""
    tracer = subprocess.Popen([*command, "-p", str(server.process.pid)], stderr=subprocess.PIPE)
    tracer.stderr.readline()
    time.sleep(0.1)
    return tracer
