"""What the broker does with a client that has gone without a word."""
import os, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Python"))
from amqp_client import Client


def rule(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def drop(isOn):
    for way in ("from", "to"):
        rule("rule", "add" if isOn else "del", "pref", "10", way, "127.0.0.2", "blackhole")


def resident(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def sockets(pid):
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += "socket" in os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass  # it was closed meanwhile
    return count


def comes_to(pid, count, seconds):
    """Whether the broker comes to have so many sockets: it learns a little later that one was closed."""
    end = time.monotonic() + seconds
    while sockets(pid) != count and time.monotonic() < end:
        time.sleep(0.05)
    return sockets(pid) == count


def check(what, holds):
    print(("ok   " if holds else "FAIL ") + what, flush=True)
    if not holds:
        sys.exit(1)


def with_heartbeat(port, pid):
    """Silence of two heartbeats ends the connection, and others get what it had not acknowledged."""
    before = sockets(pid)
    gone, other = Client(port, "127.0.0.2", 1), Client(port, "127.0.0.1", 0)
    other.declare("beat")
    # The broker hears of it for the last time not before this.
    heard = time.monotonic()
    gone.consume("beat", 10)
    other.publish("beat", [bytes(100)] * 5)
    gone.deliveries(5)
    start = time.monotonic()
    drop(True)
    other.consume("beat", 10)
    other.deliveries(5)
    end = time.monotonic()
    check(f"its 5 messages came to another consumer after {end - start:.1f} s (heartbeat 1 s)", 1 < end - heard and end - start < 15)
    check("its socket is closed", comes_to(pid, before + 1, 10))
    drop(False)
    other.socket.close()
    check("the other's too", comes_to(pid, before, 10))


def without_heartbeat(port, pid):
    """Nothing is heard of the client either way: what it cannot take is not kept for it, and after 30 s it is gone."""
    before = sockets(pid)
    gone, other = Client(port, "127.0.0.2", 0), Client(port, "127.0.0.1", 0)
    other.declare("quiet")
    gone.consume("quiet", 0)
    start = time.monotonic()
    drop(True)
    # Beside the publishing, which may take longer than that on a slow disk.
    times = []
    watcher = threading.Thread(target=lambda: times.append(time.monotonic() - start if comes_to(pid, before + 1, 120) else None), daemon=True)
    watcher.start()
    memory = resident(pid)
    other.publish("quiet", [bytes(100_000)] * 2_000)
    grown = (resident(pid) - memory) >> 20
    check(f"200 MB for a consumer that takes nothing: {grown} MB more memory", grown < 150)
    watcher.join()
    took = times[0] or 0
    check(f"it was given up after {took:.0f} s", 25 < took < 60)
    ready = other.declare("quiet")
    check(f"all 2000 messages wait again: {ready}", ready == 2_000)
    drop(False)


def main():
    rule("link", "set", "lo", "up")
    # The table of local addresses is asked first of all; the rules above have to come before it.
    rule("rule", "add", "pref", "100", "lookup", "local")
    rule("rule", "del", "pref", "0")
    process = subprocess.Popen([sys.argv[1], sys.argv[2] + "/data"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = next(int(line.split()[1]) for line in process.stdout if line.startswith(b"ready "))
        with_heartbeat(port, process.pid)
        without_heartbeat(port, process.pid)
    finally:
        process.kill()
        process.wait()


main()
