import Sagas
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct GraphTests {
    private func graph() throws -> SagaGraph { SagaGraph(try SagaDefinition(TripSaga.self)) }

    @Test func survivesJSON() throws {
        let graph = try graph()
        #expect(try JSONDecoder().decode(SagaGraph.self, from: JSONEncoder().encode(graph)) == graph)
        #expect(graph.steps[2].timeoutSeconds == 60)
        #expect(graph.steps[1].compensation == "seat.return")
    }

    @Test func drawsMermaid() throws {
        #expect(
            try graph().mermaid == """
                flowchart TD
                    start(["trip.planned"])
                    undo0[/"cancel trip<br/>trip.cancel"/]
                    step1["book seat<br/>seat.book"]
                    undo1[/"undo: book seat<br/>seat.return"/]
                    step2["book room<br/>room.book"]
                    undo2[/"undo: book room<br/>room.return"/]
                    step3["book trip<br/>trip.book"]
                    completed(["completed"])
                    compensated(["compensated"])
                    undo0 -.->|"trip.cancelled"| compensated
                    start --> step1
                    step1 -.->|"seat.refused"| undo0
                    undo1 -.->|"seat.returned"| undo0
                    step1 -->|"seat.booked"| step2
                    step2 -.->|"room.refused"| undo1
                    step2 -.->|"after 60 s"| undo2
                    undo2 -.->|"room.returned"| undo1
                    step2 -->|"room.booked"| step3
                    step3 -->|"trip.booked"| completed

                """)
    }

    @Test func drawsDOT() throws {
        var graph = try graph()
        graph.steps[1].name = "a \"quoted\" name"
        let dot = graph.dot
        #expect(dot.hasPrefix("digraph \"trip\" {\n"))
        #expect(dot.contains("    step1 [shape=box, label=\"a \\\"quoted\\\" name\\nseat.book\"];\n"))
        #expect(dot.contains("    step1 -> undo0 [label=\"seat.refused\", style=dashed];\n"))
        #expect(dot.hasSuffix("}\n"))
        #expect(graph.mermaid.contains("a #quot;quoted#quot; name"))
    }
}
