"""What lies in a workspace's folder and leads out of it, and what root changes in a folder of somebody else's."""

import multiprocessing
import os
import shutil
import stat
import tempfile
import time

from . import Figure, at_most, attack, skipped
from .server import BAD, GOOD, HOSTILE, ZONE, Server, run, strace

SECRET = ZONE + "www A 192.0.2.1\n"


def link(server, target, path):
    full = os.path.join(server.zones, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    os.symlink(target, full)


@attack("links-out", "9")
def links_out():
    """symbolic links in a workspace's folder to another's files: what its clients are answered from them"""
    cases = {
        "a zone file": [("../victim/corp.example.zone", "hostile/corp.example.zone")],
        "a zone file by its whole path": [("{zones}/victim/corp.example.zone", "hostile/corp.example.zone")],
        "a folder": [("../victim", "hostile/there"), ("there/corp.example.zone", "hostile/corp.example.zone")],
        "two links": [("../victim/corp.example.zone", "hostile/.one"), (".one", "hostile/corp.example.zone")],
    }
    for what, made in cases.items():
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            for target, path in made:
                link(server, target.format(zones=server.zones), path)
            server.command_line("reload")
            answer = server.ask("www.corp.example", source=HOSTILE, patience=1)
            yield at_most(f"{what}: the victim's addresses given", len(answer.addresses) if answer else 0, 0)
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        os.remove(os.path.join(server.zones, "hostile/workspace.json"))
        link(server, "../victim/workspace.json", "hostile/workspace.json")
        server.command_line("reload")
        answer = server.ask("www.corp.example", patience=1)
        yield Figure(
            "workspace.json: the victim is still answered",
            str(bool(answer and answer.addresses)),
            "True",
            bool(answer and answer.addresses),
        )


@attack("links-to-root", "9")
def links_to_root():
    """a symbolic link to a file that only root may read: lines of it that check and the log show"""
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        path = os.path.join(server.folder, "shadow")
        with open(path, "w") as file:
            file.write("root-secret-1:$6$abc:19000\nroot-secret-2:$6$def:19000\n")
        os.chmod(path, 0o600)
        link(server, path, "hostile/corp.example.zone")
        server.command_line("reload")
        check = server.command_line("check")
        shown = (check.stdout + check.stderr).decode() + server.log_text()
        yield at_most("lines shown", sum(line in shown for line in ("root-secret-1", "root-secret-2")), 0)


@attack("links-within", "9")
def links_within():
    """what has to go on working: a Kubernetes volume's ..data inside the folder"""
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        server.write("hostile/..2026_01/corp.example.zone", ZONE + "www A 192.0.2.7\n")
        link(server, "..2026_01", "hostile/..data")
        link(server, "..data/corp.example.zone", "hostile/corp.example.zone")
        server.command_line("reload")
        answer = server.ask("www.corp.example", source=HOSTILE, patience=1)
        got = answer.addresses if answer else []
        yield Figure("answered from ..data", str(got), "['192.0.2.7']", got == ["192.0.2.7"])


@attack("pipes-as-files", "9")
def pipes_as_files():
    """pipes where files are expected: how long another workspace's change waits"""
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        os.mkfifo(os.path.join(server.zones, "hostile/corp.example.zone"))
        os.remove(os.path.join(server.zones, "hostile/workspace.json"))
        os.mkfifo(os.path.join(server.zones, "hostile/workspace.json"))
        yield at_most("the other's change", server.seconds_until_changed(7, 10), 1, " s", "{:.2f}")


NOBODY = 65534


def plant(zones, target, until):
    """As nobody: puts links to the target in the place of every file of a staging folder that it can."""
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    while time.monotonic() < until:
        for name in os.listdir(zones):
            if not name.startswith(".hostile"):
                continue
            for place, _, files in os.walk(os.path.join(zones, name)):
                for file in files:
                    path = os.path.join(place, file)
                    try:
                        if not os.path.islink(path):
                            os.rename(path, path + ".old")
                            os.symlink(target, path)
                    except OSError:
                        pass


def import_host(folder, address, host, prefix=()):
    """Imports a host into the link of the hostile workspace."""
    link = ["--workspace", "hostile", "--link", "one", "--endpoint", address]
    run(folder, "import", "hosts", *link, host, prefix=prefix)


@attack("root-import", "10", 60)
def root_import():
    """root imports into a folder of somebody else's, who plants links meanwhile: files of root that change hands"""
    if os.getuid() != 0 or not shutil.which("strace"):
        yield skipped("a race", "needs root and strace")
        return
    changed, outcomes = 0, []
    for calls in ("chown,fchown,lchown,fchownat", "chmod,fchmod,fchmodat,fchmodat2", "fsync"):
        folder = tempfile.mkdtemp()
        os.chmod(folder, 0o755)
        zones, target = os.path.join(folder, "zones"), os.path.join(folder, "root-only")
        os.makedirs(zones)
        with open(target, "w") as file:
            file.write("of root\n")
        os.chmod(target, 0o600)
        before = os.stat(target)
        run(folder, "workspace", "add", "hostile", "--client", "10.0.0.0/8")
        import_host(folder, "10.1.2.3", "a.corp.example")
        for place, folders, files in os.walk(os.path.join(zones, "hostile")):
            os.chown(place, NOBODY, NOBODY)
            os.chmod(place, 0o777)
            for file in files:
                os.chown(os.path.join(place, file), NOBODY, NOBODY)
                os.chmod(os.path.join(place, file), 0o666)
        attacker = multiprocessing.Process(target=plant, args=(zones, target, time.monotonic() + 12), daemon=True)
        attacker.start()
        # The calls are slowed down, so that the race is won wherever it can be.
        slowly = strace(calls, "delay_enter=60000:delay_exit=60000")
        import_host(folder, "10.1.2.4", "b.corp.example", prefix=slowly)
        attacker.kill()
        attacker.join()
        after = os.stat(target)
        if (after.st_uid, stat.S_IMODE(after.st_mode)) != (before.st_uid, stat.S_IMODE(before.st_mode)):
            changed += 1
            outcomes.append(f"slow {calls.split(',')[0]}: uid {after.st_uid} mode {stat.S_IMODE(after.st_mode):o}")
    yield at_most(f"of 3 races{''.join('; ' + o for o in outcomes)}", changed, 0)
