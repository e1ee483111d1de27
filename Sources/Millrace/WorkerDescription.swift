import Contracts
import Edge
import Messaging

/// What a worker handles, for programs: the answer of `describe`.
package struct WorkerDescription {
    let worker: Worker

    package init(_ worker: Worker) {
        self.worker = worker
    }

    package var json: [UInt8] {
        let bindings = worker.allHandlers().bindings
        var json = JSONObjectWriter()
        json.string("name", worker.name)
        json.string("schema", worker.settings.schema)
        json.strings("queues", worker.messaging.queues)
        json.strings("commands", worker.commands)
        json.array("events", worker.events) { event, item in
            item.string("type", event.type)
            item.string("topic", event.topic)
        }
        json.array("bindings", bindings) { binding, item in
            item.string("exchange", binding.exchange)
            item.string("routingKey", binding.routingKey)
        }
        json.strings("topics", Set(bindings.map(\.exchange)).subtracting([WellKnown.commandsExchange]).sorted())
        json.strings("projections", worker.projections)
        json.strings("sagas", worker.sagas)
        json.raw("graphs", (try? ContractJSON.encode(worker.orchestrator.graphs)) ?? Array("[]".utf8))
        json.boolean("routes", !worker.routeBuilders.isEmpty)
        return json.finished()
    }
}
