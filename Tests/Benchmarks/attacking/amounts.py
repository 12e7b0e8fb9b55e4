"""Limits that have to meet: sizes of what is read, made of it, kept and written."""

import os
import time

from . import Figure, at_most, attack, skipped, wire
from .server import BAD, GOOD, HOSTILE, ZONE, Ended, Server


def is_alive(server, number=9):
    """True when the server still answers the victim, and serves what is changed."""
    try:
        return server.process.poll() is None and server.seconds_until_changed(number, 15) < 15
    except Ended:
        return False


@attack("tiny-zones", "3", 120)
def tiny_zones():
    """65,540 zones of one workspace: whether the server lives, then and after a start"""
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        place = os.path.join(server.zones, "hostile")
        for number in range(65_540):
            # One write each: they are many.
            with open(os.path.join(place, f"z{number}.zone"), "w") as file:
                file.write("$TTL 1\n@ SOA n r 1 1 1 1 1\n@ NS n.x.\n")
        alive = is_alive(server)
        time.sleep(8)
        alive = alive and is_alive(server, 10)
        yield Figure("answers, and serves changes", str(alive), "True", alive)
        server.kill()
        try:
            server.start(patience=30)
            again = is_alive(server, 11)
        except Ended:
            again = False
        yield Figure("after a start", str(again), "True", again)


def peak(text, name="corp.example.zone"):
    """The peak of memory while a zone is read, and without it, in MB; and whether the zone is served."""
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        before = server.memory("VmHWM")
        server.write(f"hostile/{name}", text)
        time.sleep(0.2)
        server.command_line("reload", patience=40)
        answer = server.ask(name.removesuffix(".zone"), wire.SOA, source=HOSTILE)
        return server.memory("VmHWM") - before, bool(answer and answer.records)


def long_origin(octets):
    origin = ".".join(["o" * 63] * 3 + ["p" * 25]) + ".corp.example."
    lines, size, number = [f"$ORIGIN {origin}\n"], 0, 0
    while size < octets:
        lines.append(f"{number // 90:x} PTR n{number:x}\n")
        size += len(lines[-1])
        number += 1
    return ZONE + "".join(lines)


@attack("memory-of-text", "3", 120)
def memory_of_text():
    """16 MB of zone text: the memory that reading it takes at its peak"""
    size = 16 << 20
    texts = {
        "addresses": ZONE + "".join(f"h{number:x} A 10.0.0.1\n" for number in range(size // 17)),
        "one-letter records of a name": ZONE
        + "".join(f"{number // 99:x} PTR x{number:x}\n" for number in range(size // 18)),
        "a long $ORIGIN": long_origin(size * 3 // 4),
        "empty lines": ZONE + "\n" * size,
        "wrong lines": ZONE + "x\n" * (size // 2),
    }
    # Each of a million lines below the long origin stands for 264 octets, so what is served is 256 MB by itself.
    bounds = {"a long $ORIGIN": 300}
    for what, text in texts.items():
        used, served = peak(text)
        yield at_most(f"{what}, {'served' if served else 'refused'}", used, bounds.get(what, 256), " MB", "{:.0f}")


@attack("memory-of-zones", "3", 200)
def memory_of_zones():
    """24 files of one workspace that are short for what they say: the memory that reading them takes at its peak"""
    texts = {
        "names of 110 labels": ZONE + "".join("1." * 110 + f"{number:x} A 10.0.0.1\n" for number in range(31_000)),
        "equal records": ZONE + "x A 10.0.0.1\n" + " A 10.0.0.1\n" * 990_000,
    }
    for what, text in texts.items():
        with Server({"victim": GOOD, "hostile": BAD}) as server:
            before = server.memory("VmHWM")
            first = os.path.join(server.zones, "hostile/z0.corp.example.zone")
            server.write("hostile/z0.corp.example.zone", text)
            for number in range(1, 24):
                os.link(first, os.path.join(server.zones, f"hostile/z{number}.corp.example.zone"))
            server.command_line("reload", patience=80)
            used = server.memory("VmHWM") - before
            # The text is there while it is read; what is made of it has the bound.
            yield at_most(what, used - (24 * len(text) >> 20), 512, " MB beside the text", "{:.0f}")
            alive = is_alive(server, 10)
            yield Figure(f"{what}: answers, and serves changes", str(alive), "True", alive)


@attack("unknown-keys", "3", 60)
def unknown_keys():
    """730 KB of unknown keys in a workspace.json: octets of log at each touch"""
    text = "{" + ",".join(f'"k{number:06}":1' for number in range(60_000)) + "}"
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        server.write("hostile/workspace.json", text)
        server.seconds_until_changed(5)
        before = os.path.getsize(server.log)
        for number in range(3):
            server.write("hostile/workspace.json", text + " " * number)
            server.command_line("reload")
            server.seconds_until_changed(6 + number)
        each = (os.path.getsize(server.log) - before) / 3
        yield at_most(f"a touch of {len(text)} octets", each, 65_536, " octets", "{:.0f}")
        check = server.command_line("check")
        yield at_most("check", len(check.stdout) + len(check.stderr), 65_536, " octets", "{:.0f}")


@attack("large-link", "3", 150)
def large_link():
    """an import whose link file is larger than what is read: whether the workspace can be imported into again"""
    hosts = "".join(f"h{number:04}.{'abcdefgh' * 7}.{'ijklmnop' * 2}.corp.example\n" for number in range(9_900))
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        words = ["import", "hosts", "--workspace", "hostile", "--endpoint", "10.1.2.3"]
        first = server.command_line(*words, "--link", "large", "--from", "-", input=hosts.encode(), patience=60)
        path = os.path.join(server.zones, "hostile/links/large.json")
        size = os.path.getsize(path) if os.path.exists(path) else 0
        second = server.command_line(*words, "--link", "small", "a.corp.test")
        yield Figure(
            f"first import exit status {first.returncode}, link of {size} octets; the second",
            f"exit status {second.returncode}",
            "exit status 0",
            second.returncode == 0,
        )
        hosts = "".join(f"h{number:04}.{'abcdefgh' * 2}.example\n" for number in range(9_900))
        words = words[:3] + ["victim"] + words[4:]
        first = server.command_line(
            *words,
            "--link",
            "zones",
            "--zone",
            "example",
            "--miss",
            "forward",
            "--from",
            "-",
            input=hosts.encode(),
            patience=60,
        )
        second = server.command_line(*words, "--link", "small", "a.corp.test")
        yield Figure(
            f"in one zone, first import exit status {first.returncode}; the second",
            f"exit status {second.returncode}",
            "exit status 0",
            second.returncode == 0,
        )


@attack("large-image", "3", 90)
def large_image():
    """17 files under a long $ORIGIN, whose image would be more than 4 GiB: whether the server lives"""
    with open("/proc/meminfo") as file:
        free = int(next(line for line in file if line.startswith("MemAvailable")).split()[1]) >> 20
    if free < 30:
        yield skipped("the server lives", f"needs 30 GB of free memory, there are {free}")
        return
    text = long_origin(9 << 20)
    with Server({"victim": GOOD, "hostile": BAD}) as server:
        for number in range(17):
            server.write(
                f"hostile/z{number}.corp.example.zone", text.replace(".corp.example.", f".z{number}.corp.example.")
            )
        alive = is_alive(server)
        server.command_line("reload", patience=80)
        alive = alive and is_alive(server, 10)
        yield Figure("answers, and serves changes", str(alive), "True", alive)
