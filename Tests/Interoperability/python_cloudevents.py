"""An event of `millrace publish` read by Python's CloudEvents SDK, and a command from Python handled by a worker."""
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

millrace, data, edge = sys.argv[1:4]


def broker_url():
    for file in Path(data).glob("*.json"):
        state = json.loads(file.read_text())
        if isinstance(state, dict) and "amqpURL" in state:
            return state["amqpURL"]
    raise SystemExit(f"no running system in {data}")


def check(what, condition):
    print(("ok   " if condition else "FAIL ") + what)
    if not condition:
        raise SystemExit(1)


channel = pika.BlockingConnection(pika.URLParameters(broker_url())).channel()
queue = channel.queue_declare("", exclusive=True).method.queue

# From Millrace to Python: the topic is a topic exchange of its name, the routing key is the type.
channel.queue_bind(queue, "supply.inventory", "product.*")
product = {"productId": "py-1", "name": "Blue Train", "priceCents": 1790}
published = subprocess.run(
    [millrace, "publish", "supply.inventory", "product.added", "--data", json.dumps(product), "--folder", data,
     "--correlation", "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"],
    check=True, capture_output=True, text=True).stdout.split()
method, properties, body = next(channel.consume(queue, auto_ack=True, inactivity_timeout=20))
check("an event arrives", method is not None and method.routing_key == "product.added")
event = rabbitmq.from_rabbitmq_event(rabbitmq.RabbitMQMessage(properties.headers or {}, properties.content_type, body))
check("the SDK reads its id and type", (event.get_id(), event.get_type()) == (published[0], "product.added"))
check("id and type are AMQP properties too", (properties.message_id, properties.type) == (published[0], "product.added"))
check("it is persistent", properties.delivery_mode == 2)
check("the SDK reads its data", event.get_data() == product)
check("it names its schema", event.get_attributes()["dataschema"] == "millrace:product.added:1")
check("it has the partition key and the correlation", (event.get_extension("partitionkey"), event.get_extension("correlationid"))
      == ("py-1", "0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c"))
channel.cancel()

# From Python to a worker: a structured CloudEvent to the exchange `commands`.
channel.confirm_delivery()
name = f"py-{uuid.uuid4()}"
command = CloudEvent(
    attributes={"id": str(uuid.uuid4()), "source": "/python", "type": "product.add", "specversion": "1.0",
                "time": datetime.now(timezone.utc), "datacontenttype": "application/json", "partitionkey": name},
    data={"productId": name, "name": "Giant Steps", "priceCents": 1490})
message = rabbitmq.to_structured_event(command)
channel.basic_publish(
    "commands", "product.add", message.body,
    pika.BasicProperties(content_type=message.content_type, message_id=command.get_id(), type="product.add", delivery_mode=2),
    mandatory=True)
deadline = time.monotonic() + 20
while True:
    try:
        with urllib.request.urlopen(f"{edge}/products/{name}") as answer:
            found = json.load(answer)
        break
    except urllib.error.HTTPError as error:
        if error.code != 404 or time.monotonic() > deadline:
            raise
    time.sleep(0.05)
check("a worker has handled a command from Python", found.get("name") == "Giant Steps" and found.get("priceCents") == 1490)
