"""Events of `millrace publish` read by Python's CloudEvents SDK, and commands from Python handled, or parked, by a worker."""
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone
from pathlib import Path

import pika
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.v1.event import CloudEvent

millrace, data, ready = sys.argv[1:4]
edge = next(worker["url"] for worker in json.loads(Path(ready).read_text()) if worker["worker"] == "edge")
limit = 30  # seconds for what another process has to do
failed = []


def check(what, got, wanted=True):
    """Says whether it is as it should be; the script goes on, so that one run tells everything."""
    if got == wanted:
        print(f"ok    {what}")
    else:
        print(f"FAIL  {what}: {got!r}, not {wanted!r}")
        failed.append(what)


def run(*arguments):
    result = subprocess.run([millrace, *arguments], capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        raise SystemExit(f"millrace {' '.join(arguments)} ended with {result.returncode}: {result.stderr}")
    return result.stdout


def eventually(what, question):
    """Asks until the answer is not None."""
    deadline = time.monotonic() + limit
    while (answer := question()) is None:
        if time.monotonic() > deadline:
            check(what, f"not so after {limit} s")
            return None
        time.sleep(0.05)
    return answer


def product(name):
    """The edge's read model of a product, None while there is none."""
    try:
        with urllib.request.urlopen(f"{edge}/products/{name}", timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def from_millrace(channel):
    """The topic is a topic exchange of its name, the routing key is the type."""
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "supply.inventory", "product.*")
    name, correlation = f"py-{uuid.uuid4()}", str(uuid.uuid4())
    added = {"productId": name, "name": "Blue Train – für Übermütige", "priceCents": 1790}
    identifier = run(
        "publish", "supply.inventory", "product.added", "--data", json.dumps(added), "--folder", data,
        "--correlation", correlation, "--header", "tenant=north").split()[0]
    method, properties, body = next(channel.consume(queue, auto_ack=True, inactivity_timeout=limit))
    channel.cancel()
    if method is None:
        return check("an event arrives", f"nothing after {limit} s")
    check("the routing key is the type", method.routing_key, "product.added")
    check("the content type is that of structured JSON", properties.content_type, "application/cloudevents+json")
    check("id and type are AMQP properties", (properties.message_id, properties.type), (identifier, "product.added"))
    check("it is persistent", properties.delivery_mode, 2)
    check("a header of --header is an AMQP header", (properties.headers or {}).get("tenant"), "north")
    try:
        event = rabbitmq.from_rabbitmq_event(
            rabbitmq.RabbitMQMessage(properties.headers or {}, properties.content_type, body))
    except Exception as error:  # whatever the SDK says
        return check("the SDK reads it", f"{type(error).__name__}: {error}")
    attributes = event.get_attributes()
    check("the SDK reads id, type and version",
          (event.get_id(), event.get_type(), event.get_specversion()), (identifier, "product.added", "1.0"))
    check("the SDK reads the data", event.get_data(), added)
    check("it names its schema", attributes.get("dataschema"), "millrace:product.added:1")
    check("its time has a zone, and is now", abs((event.get_time() - datetime.now(timezone.utc)).total_seconds()) < 60)
    check("partition key and correlation are extensions",
          (event.get_extension("partitionkey"), event.get_extension("correlationid")), (name, correlation))


def command(name, **attributes):
    return CloudEvent(
        attributes={"id": str(uuid.uuid4()), "source": "/python", "type": "product.add", "specversion": "1.0",
                    "time": datetime.now(timezone.utc), "datacontenttype": "application/json", "partitionkey": name} | attributes,
        data={"productId": name, "name": "Giant Steps", "priceCents": 1490})


def send(channel, message, identifier):
    """Publishes to `commands`; fails if no queue takes it, or the broker does not confirm it."""
    channel.basic_publish(
        "commands", "product.add", message.body,
        pika.BasicProperties(headers=message.headers, content_type=message.content_type, message_id=identifier, type="product.add",
                             delivery_mode=2),
        mandatory=True)


def from_python(channel):
    """A structured CloudEvent to the exchange `commands` is a command."""
    name = f"py-{uuid.uuid4()}"
    event = command(name)
    message = rabbitmq.to_structured_event(event)
    for _ in range(3):  # copies are handled once
        send(channel, message, event.get_id())
    what = "a worker handles a command from Python"
    if found := eventually(what, lambda: product(name)):
        check(what, (found.get("name"), found.get("priceCents")), ("Giant Steps", 1490))


def refused(channel):
    """What is no structured CloudEvent with JSON data is parked, with the reason; nothing is lost and nothing is guessed."""
    text = command(f"py-{uuid.uuid4()}", datacontenttype="text/plain")
    binary = command(f"py-{uuid.uuid4()}")
    for what, event, message, reason in [
        ("data that is said to be no JSON is parked", text, rabbitmq.to_structured_event(text), "datacontenttype"),
        ("a CloudEvent in binary mode is parked", binary, rabbitmq.to_binary_event(binary), "binary mode"),
    ]:
        name = event.get_extension("partitionkey")
        send(channel, message, event.get_id())

        def parked():
            for row in json.loads(run("failures", "list", "inventory", "--messages", "-o", "json", "--data", data)):
                failure = json.loads(run("failures", "show", "inventory", row["id"], "-o", "json", "--data", data))
                if name in failure["message"]:
                    return failure
            return None

        if failure := eventually(what, parked):
            check(what, (failure["status"], failure["errorMessage"] if reason not in failure["errorMessage"] else reason), ("failed", reason))
            check("… and is not handled", product(name), None)


url = json.loads((Path(data) / "run.json").read_text())["amqpURL"]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.confirm_delivery()
from_millrace(channel)
from_python(channel)
refused(channel)
connection.close()
print(f"{len(failed)} failed" if failed else "all is well")
sys.exit(1 if failed else 0)
