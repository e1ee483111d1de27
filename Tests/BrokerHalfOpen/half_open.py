"""What the broker does with a client that has gone without a word."""
import os, subprocess, sys, time

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
    return sum(1 for name in os.listdir(f"/proc/{pid}/fd") if "socket" in os.readlink(f"/proc/{pid}/fd/{name}"))


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
    gone.consume("beat", 10)
    other.publish("beat", [bytes(100)] * 5)
    gone.deliveries(5)
    start = time.monotonic()
    drop(True)
    other.consume("beat", 10)
    other.deliveries(5)
    took = time.monotonic() - start
    check(f"its 5 messages came to another consumer after {took:.1f} s (heartbeat 1 s)", 1 < took < 6)
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
    memory = resident(pid)
    other.publish("quiet", [bytes(100_000)] * 2_000)
    grown = (resident(pid) - memory) >> 20
    check(f"200 MB for a consumer that takes nothing: {grown} MB more memory", grown < 150)
    comes_to(pid, before + 1, 60)
    took = time.monotonic() - start
    check(f"it was given up after {took:.0f} s", 25 < took < 45)
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
        port = int(process.stdout.readline().split()[1])
        with_heartbeat(port, process.pid)
        without_heartbeat(port, process.pid)
    finally:
        process.kill()
        process.wait()


main()
