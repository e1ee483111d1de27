"""Moves messages from RabbitMQ to the embedded broker by RabbitMQ's shovel, kills one or both in the middle, and counts."""
import glob, json, os, signal, socket, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Python"))
from amqp_client import Client

PREFETCH = 200
QUEUES = {"move.classic": "classic", "move.quorum": "quorum"}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(seconds, what, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not in {seconds} s: {what}")
        time.sleep(0.02)


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Program:
    """A server that is started again with the same data and ports."""

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def launch(self, command, environment=None):
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    def answers(self):
        if self.process.poll() is not None:
            sys.exit(f"{self.name} has ended")
        return is_open(self.port)


class Millrace(Program):
    name = "the embedded broker"

    def __init__(self, program, work, ports):
        self.program, self.data, self.log = program, work + "/broker", open(work + "/broker.log", "ab")
        self.port, self.management = ports

    def start(self):
        self.launch([
            self.program, "broker", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--management",
            f"127.0.0.1:{self.management}", "--log", "warning"])
        until(60, "the embedded broker listens", self.answers)

    def command(self, *arguments):
        url = f"http://127.0.0.1:{self.management}"
        subprocess.run([self.program, "broker", *arguments, "--url", url], check=True, stdout=subprocess.DEVNULL)


class RabbitMQ(Program):
    name = "RabbitMQ"
    binaries = "/usr/lib/rabbitmq/bin/"

    def __init__(self, work, ports):
        home = work + "/rabbit"
        os.makedirs(home + "/home")
        self.port, distribution, names = ports
        self.log = open(work + "/rabbit.log", "ab")
        with open(home + "/rabbitmq.conf", "w") as file:
            file.write(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console = false\n")
        with open(home + "/plugins", "w") as file:
            file.write("[rabbitmq_shovel].")
        self.environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": home + "/home", "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": "back@localhost", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": home + "/mnesia", "RABBITMQ_LOG_BASE": home + "/log", "RABBITMQ_CONFIG_FILE": home + "/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": home + "/plugins", "RABBITMQ_CONF_ENV_FILE": "/nonexistent",
            # So that the script becomes the node: what is killed is the node itself.
            "RUNNING_UNDER_SYSTEMD": "true", "RABBITMQ_ADVANCED_CONFIG_FILE": "/nonexistent.config",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        epmd = (glob.glob("/usr/bin/epmd") + glob.glob("/usr/lib/erlang/erts-*/bin/epmd"))[0]
        self.mapper = subprocess.Popen(
            [epmd, "-port", str(names), "-address", "127.0.0.1"], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        self.launch([self.binaries + "rabbitmq-server"], self.environment)
        until(90, "RabbitMQ listens", self.answers)
        self.control("await_startup")

    def control(self, *arguments, **options):
        # From a folder that is there for it: as root the script goes on under RabbitMQ's own account.
        return subprocess.run(
            [self.binaries + "rabbitmqctl", "--quiet", *arguments], env=self.environment, check=True, cwd="/", **options)

    def messages(self):
        """Ready and unacknowledged, queue by queue."""
        lines = self.control("list_queues", "name", "messages", "--no-table-headers", capture_output=True).stdout.decode().split("\n")
        return {name: int(count) for name, count in (line.split("\t") for line in lines if line)}

    def define(self, work, definitions):
        path = work + "/shovels.json"
        with open(path, "w") as file:
            json.dump(definitions, file)
        os.chmod(path, 0o644)
        self.control("import_definitions", path, stdout=subprocess.DEVNULL)


def ready(port):
    client = Client(port)
    counts = {queue: client.declare(queue, kind) for queue, kind in QUEUES.items()}
    client.socket.close()
    return counts


def shovel(queue, target):
    return {
        "vhost": "/", "component": "shovel", "name": "back-" + queue,
        "value": {
            "src-protocol": "amqp091", "src-uri": "amqp://", "src-queue": queue, "src-delete-after": "queue-length",
            "src-prefetch-count": PREFETCH, "dest-protocol": "amqp091", "dest-uri": f"amqp://guest:guest@127.0.0.1:{target}",
            "dest-queue": queue, "ack-mode": "on-confirm", "reconnect-delay": 1,
        },
    }


def check(what, holds):
    print(("ok    " if holds else "FAIL  ") + what, flush=True)
    return holds


def moved(target, count):
    return sum(ready(target.port).values()) >= count


def clear(rabbit):
    """A shovel that deletes itself at the end does not try a second time when it is refused; one that was not refused is ended."""
    for queue in QUEUES:
        subprocess.run(
            [rabbit.binaries + "rabbitmqctl", "--quiet", "clear_parameter", "shovel", "back-" + queue], env=rabbit.environment, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_anew(rabbit, work, shovels):
    clear(rabbit)
    rabbit.define(work, shovels)


def finish(rabbit, target, work, shovels):
    """Until RabbitMQ has nothing left. A shovel counts the queue when it starts, and just after a crash RabbitMQ may count wrong: then
    the shovel ends too early, or never. What does not go on is made anew."""
    made, moved_then, empty, deadline = 0, -1, 0, time.monotonic() + 300
    # It counts quorum queues every five seconds.
    while empty < 3:
        if time.monotonic() > deadline:
            sys.exit(f"not in 300 s: the queues of RabbitMQ are empty: {rabbit.messages()}")
        moved_now = sum(ready(target.port).values())
        empty = empty + 1 if sum(rabbit.messages().values()) == 0 else 0
        if not empty and moved_now == moved_then:
            make_anew(rabbit, work, shovels)
            made += 1
        moved_then = moved_now
        time.sleep(2.5)
    print(f"      RabbitMQ is empty; the shovels were made anew {made} times at the end", flush=True)


def move(rabbit, target, work, count, kills_rabbit):
    rabbit.start()
    target.start()
    source = Client(rabbit.port)
    for queue, kind in QUEUES.items():
        source.declare(queue, kind)
        for first in range(0, count, 1000):
            source.publish(queue, [b"%d" % number for number in range(first, min(first + 1000, count))])
    source.socket.close()
    os.chmod(work, 0o777)
    rabbit.control("export_definitions", work + "/definitions.json", stdout=subprocess.DEVNULL)
    target.command("import", work + "/definitions.json")
    print(f"      {2 * count} messages in RabbitMQ, its definitions in the embedded broker", flush=True)

    shovels = {"parameters": [shovel(queue, target.port) for queue in QUEUES]}
    rabbit.define(work, shovels)
    until(300, "a quarter is moved", lambda: moved(target, count // 2))
    target.kill()
    print("      the embedded broker was killed", flush=True)
    # Before it is back: clearing takes seconds, and shovels that were not refused would move everything meanwhile.
    clear(rabbit)
    target.start()
    at_restart = sum(ready(target.port).values())
    rabbit.define(work, shovels)
    good = check("the embedded broker was killed in the middle", at_restart < 2 * count)
    if kills_rabbit:
        until(300, "half is moved", lambda: moved(target, max(count, at_restart + count // 4)))
        rabbit.kill()
        in_target = sum(ready(target.port).values())
        print(f"      RabbitMQ was killed, {in_target} messages were moved", flush=True)
        rabbit.start()
        good = check("RabbitMQ was killed in the middle", in_target < 2 * count) and good
    finish(rabbit, target, work, shovels)
    source, result = Client(rabbit.port), Client(target.port)
    for queue, kind in QUEUES.items():
        left, bodies = [int(body) for body in source.take_all(queue)], [int(body) for body in result.take_all(queue)]
        first = list(dict.fromkeys(bodies))
        twice, missing = len(bodies) - len(first), sorted(set(range(count)) - set(bodies))
        good = check(f"{queue}: RabbitMQ has {len(left)} left", not left) and good
        good = check(f"{queue}: of {count} {len(missing)} are missing, {twice} came twice", not missing) and good
        furthest = max(abs(number - place) for place, number in enumerate(first))
        if kind == "classic":
            good = check(f"{queue}: they first came in their order", furthest == 0) and good
        else:
            # After its crash RabbitMQ gives a new consumer of a quorum queue later messages before those that were unacknowledged.
            print(f"      {queue}: the one furthest from its place is off by {furthest}", flush=True)
    return good


def main():
    program, work, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    os.chmod(work, 0o711)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    # Together, so that no two are the same: RabbitMQ listens at its own only when it has started.
    ports = free_ports(5)
    rabbit, target = RabbitMQ(work, ports[:3]), Millrace(program, work, ports[3:])
    good = False
    try:
        good = move(rabbit, target, work, count, sys.argv[4:] != ["--rabbitmq-survives"])
    finally:
        for program in (target, rabbit):
            if hasattr(program, "process"):
                program.kill()
        rabbit.mapper.kill()
        rabbit.mapper.wait()
        if not good:
            for log in ("broker.log", "rabbit.log"):
                sys.stderr.write(open(f"{work}/{log}", errors="replace").read()[-3000:])
    sys.exit(0 if good else 1)


main()
