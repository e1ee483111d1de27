import Contracts
import Foundation
import Postgres
import Testing
import Topics

extension Workers {
    @Suite("what a waiting client is told")
    struct CommitOrderTests {
        /// The commit of the outcome takes half a second here. Fails when the wait is resolved in the handler instead of after
        /// the commit (CommandTracking.succeed): the client would be told of something that is not there yet, and may never be.
        @Test("stands in the database when it is told")
        func afterCommit() async throws {
            let wire = try await TopicWire.connect(topics: [], commands: [AddProduct.type])
            let worker = try await WorkerUnderTest.start("edge")
            let db = try worker.database()
            try await db.execute(
                "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$")
            try await db.execute(
                """
                CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON commands DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (new.status = 'succeeded') EXECUTE FUNCTION slowly()
                """)
            let http = LoopbackHTTP(port: await worker.port)
            async let answer = http.send(
                "POST", "/products", #"{"productId":"p-slow","name":"n","priceCents":1}"#, headers: ["Prefer": "wait=30"])
            let command = try await wire.heard(AddProduct.type, key: "p-slow", count: 1)[0]
            let added = try Envelope(
                ProductAdded(productID: "p-slow", name: "n", priceCents: 1), source: "/test", correlationID: command.correlationID,
                causationID: command.id)
            try await wire.publish([added], to: ProductAdded.topic)
            #expect(try await answer.status == 201)
            let status = try await db.query("SELECT status FROM commands WHERE subject = 'p-slow'", as: String.self)
            #expect(status == ["succeeded"])
            await db.close()
            #expect(await worker.stop() == 0)
            await wire.close()
        }
    }
}
