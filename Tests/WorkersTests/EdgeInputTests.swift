import Contracts
import Foundation
import Postgres
import Testing
import Topics

extension Workers {
    /// What clients may send, and what they are told. One edge serves all cases; nothing listens behind it.
    @Suite("edge input")
    struct EdgeInputTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var method: String
            var path: String
            var body: String?
            var headers: [String: String] = [:]
            var status: Int
            var pointers: [String] = []
            var testDescription: String { "\(method) \(path) \(body?.prefix(60) ?? "") → \(status)" }

            static func order(_ body: String, _ status: Int, _ pointers: String...) -> Case {
                Case(method: "POST", path: "/orders", body: body, status: status, pointers: pointers)
            }

            static func product(_ body: String, _ status: Int, _ pointers: String...) -> Case {
                Case(method: "POST", path: "/products", body: body, status: status, pointers: pointers)
            }

            static func inventory(_ body: String, _ status: Int, _ pointers: String...) -> Case {
                Case(method: "PUT", path: "/products/cd-1/inventory", body: body, status: status, pointers: pointers)
            }

            static func get(_ path: String, _ status: Int) -> Case { Case(method: "GET", path: path, status: status) }
        }

        static let item = #"{"productId":"cd-1","quantity":1}"#
        static let good = #"{"customerId":"c","items":[\#(item)]}"#

        static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

        static let orders: [Case] = [
            .order("", 400, ""), .order("{", 400, ""), .order("null", 422, ""), .order("[]", 422, ""), .order("7", 422, ""),
            .order(#""order""#, 422, ""), .order(good + "x", 400, ""), .order("\u{FEFF}" + good, 400, ""),
            .order("{'customerId':'c'}", 400, ""), .order(#"{"customerId":"c",}"#, 400, ""),
            .order(#"{"customerId":"c","customerId":"d","items":[\#(item)]}"#, 400, "/customerId"),
            .order(#"{"customerId":"\ud800","items":[\#(item)]}"#, 400, "/customerId"),
            .order(#"{"customerId":"\x","items":[\#(item)]}"#, 400, "/customerId"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":01}]}"#, 400, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":NaN}]}"#, 400, "/items/0/quantity"),
            .order("{}", 422, "/customerId", "/items"),
            .order(#"{"customerId":"c"}"#, 422, "/items"),
            .order(#"{"items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":null,"items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":7,"items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":"","items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":"\#(repeated("x", 65))","items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":"a\u0000b","items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":"a\nb","items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":{"id":"c"},"items":[\#(item)]}"#, 422, "/customerId"),
            .order(#"{"customerId":"c","items":[]}"#, 422, "/items"),
            .order(#"{"customerId":"c","items":null}"#, 422, "/items"),
            .order(#"{"customerId":"c","items":{}}"#, 422, "/items"),
            .order(#"{"customerId":"c","items":"cd-1"}"#, 422, "/items"),
            .order(#"{"customerId":"c","items":[\#(repeated(item + ",", 100) + item)]}"#, 422, "/items"),
            .order(#"{"customerId":"c","items":["cd-1"]}"#, 422, "/items/0"),
            .order(#"{"customerId":"c","items":[null]}"#, 422, "/items/0"),
            .order(#"{"customerId":"c","items":[{}]}"#, 422, "/items/0/productId", "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1"}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"quantity":1}]}"#, 422, "/items/0/productId"),
            .order(#"{"customerId":"c","items":[{"productId":1,"quantity":1}]}"#, 422, "/items/0/productId"),
            .order(#"{"customerId":"c","items":[{"productId":"","quantity":1}]}"#, 422, "/items/0/productId"),
            .order(#"{"customerId":"c","items":[{"productId":"cd\u0000","quantity":1}]}"#, 422, "/items/0/productId"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":0}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":-1}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":1001}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":1.5}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":"1"}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":true}]}"#, 422, "/items/0/quantity"),
            .order(#"{"customerId":"c","items":[{"productId":"cd-1","quantity":1e400}]}"#, 422, "/items/0/quantity"),
            .order(
                #"{"customerId":"c","items":[{"productId":"cd-1","quantity":99999999999999999999}]}"#, 422, "/items/0/quantity"),
            .order(
                #"{"customerId":"c","items":[\#(item),{"productId":"cd-1","quantity":0},{"productId":2,"quantity":1}]}"#, 422,
                "/items/1/quantity", "/items/2/productId"),
            .order(
                #"{"customerId":"c","items":[{"productId":"cd-1","quantity":1,"unitPriceCents":1}]}"#, 422,
                "/items/0/unitPriceCents"),
            .order(#"{"customerId":"c","items":[\#(item)],"coupon":"x"}"#, 422, "/coupon"),
            .order(#"{"customerId":"c","items":[\#(item)],"a/b~c":"x"}"#, 422, "/a~1b~0c"),
            .order(#"{"customerId":"c","items":[\#(item)],"totalCents":1}"#, 422, "/totalCents"),
            .order(#"{"customerId":"c","items":[\#(item)],"paymentToken":7}"#, 422, "/paymentToken"),
            .order(#"{"customerId":"c","items":[\#(item)],"paymentToken":""}"#, 422, "/paymentToken"),
            .order(#"{"customerId":"c","items":[{"productId":"nothing","quantity":1}]}"#, 422, "/items/0/productId"),
            .order(
                #"{"customerId":"c","items":[\#(item),{"productId":"no","quantity":1},{"productId":"nope","quantity":1}]}"#, 422,
                "/items/1/productId", "/items/2/productId"),
            .order(#"{"customerId":"c","items":[{"productId":"nameless","quantity":1}]}"#, 422, "/items/0/productId"),
            .order(repeated("[", 65) + repeated("]", 65), 400, repeated("/0", 64)),
            .order(repeated("[", 100_000), 400, repeated("/0", 64)),
            .order(#"{"customerId":"\#(repeated("x", 1 << 20))","items":[]}"#, 413),
        ]

        static let others: [Case] = [
            .product("{}", 422, "/productId", "/name", "/priceCents"),
            .product(#"{"productId":"p","name":"n","priceCents":-1}"#, 422, "/priceCents"),
            .product(#"{"productId":"p","name":"n","priceCents":1.01}"#, 422, "/priceCents"),
            .product(#"{"productId":"p","name":"n","priceCents":1000000001}"#, 422, "/priceCents"),
            .product(#"{"productId":"p","name":"","priceCents":1}"#, 422, "/name"),
            .product(#"{"productId":"p","name":"a\u0007","priceCents":1}"#, 422, "/name"),
            .product(#"{"productId":"p","name":"n","priceCents":1,"stock":3}"#, 422, "/stock"),
            .product("not json", 400, ""),
            .inventory("{}", 422, "/quantity"), .inventory(#"{"quantity":-1}"#, 422, "/quantity"),
            .inventory(#"{"quantity":"3"}"#, 422, "/quantity"), .inventory(#"{"quantity":null}"#, 422, "/quantity"),
            .inventory(#"{"quantity":3,"delta":1}"#, 422, "/delta"), .inventory("3", 422, ""), .inventory("", 400, ""),
            Case(method: "PUT", path: "/products/%00/inventory", body: #"{"quantity":3}"#, status: 404),
            Case(method: "PUT", path: "/products/%ff/inventory", body: #"{"quantity":3}"#, status: 404),
            Case(method: "PUT", path: "/products/\(repeated("x", 65))/inventory", body: #"{"quantity":3}"#, status: 404),
            .get("/orders/7", 404), .get("/orders/\(UUID())", 404), .get("/orders/%00", 404), .get("/orders/", 405),
            .get("/commands/x", 404), .get("/commands/\(UUID())", 404), .get("/payments/x", 404), .get("/payments/\(UUID())", 404),
            .get("/products/none", 404), .get("/products/nameless", 404), .get("/products/%00", 404), .get("/products/%zz", 404),
            .get("/products?limit=0", 400), .get("/products?limit=101", 400), .get("/products?limit=ten", 400),
            .get("/products?after=!!", 400), .get("/products?after=YQBi", 400), .get("/customers/c/orders?after=YQ", 400),
            .get("/customers/c/orders?limit=-1", 400), .get("/customers/%00/orders", 404),
            .get("/", 404), .get("/nothing", 404), .get("/orders/1/2", 404), .get("/../etc/passwd", 404), .get("/orders", 405),
            Case(method: "DELETE", path: "/orders", status: 405), Case(method: "PATCH", path: "/products/x", status: 405),
            Case(method: "POST", path: "/products/x/inventory", body: "{}", status: 405),
            Case(method: "OPTIONS", path: "/orders", status: 405), Case(method: "POST", path: "/health/live", status: 405),
            Case(method: "POST", path: "/orders", body: good, headers: ["Content-Type": "text/plain"], status: 415),
            Case(
                method: "POST", path: "/orders", body: good, headers: ["Content-Type": "application/json; charset=utf-16"],
                status: 415),
            Case(method: "POST", path: "/orders", body: good, headers: ["Content-Encoding": "gzip"], status: 415),
            Case(method: "POST", path: "/orders", status: 415),
            Case(method: "POST", path: "/orders", body: "", headers: ["Content-Length": "100000000"], status: 413),
        ]

        /// Fails when a check of `NewOrder`, `ProductRoutes` or `JSONBody` is taken out.
        @Test("every bad input gets its status and its pointers, and leaves nothing behind")
        func badInputs() async throws {
            let worker = try await WorkerUnderTest.start("edge")
            let db = try worker.database()
            try await db.execute("INSERT INTO products (product_id, name, price_cents) VALUES ('cd-1', 'CD 1', 1199)")
            try await db.execute("INSERT INTO products (product_id) VALUES ('nameless')")
            let http = LoopbackHTTP(port: await worker.port)
            let cases = Self.orders + Self.others
            #expect(cases.count >= 60)
            for one in cases {
                guard let answer = try? await http.send(one.method, one.path, one.body, headers: one.headers) else {
                    Issue.record("no answer to \(one.testDescription)")
                    continue
                }
                #expect(answer.status == one.status, "\(one.testDescription)")
                #expect(answer.headers["content-type"] == "application/problem+json", "\(one.testDescription)")
                #expect(answer.json?["status"]?.intValue == one.status, "\(one.testDescription)")
                #expect(answer.pointers.sorted() == one.pointers.sorted(), "\(one.testDescription)")
                if one.status == 405 { #expect(answer.headers["allow"] != nil, "\(one.testDescription)") }
            }
            let left = try await db.queryOne(
                "SELECT (SELECT count(*) FROM commands) + (SELECT count(*) FROM outbox)", as: Int.self)
            #expect(left == 0)
            await db.close()
            #expect(await worker.stop() == 0)
        }

        @Test("bytes that are not HTTP do not harm the worker")
        func notHTTP() async throws {
            let worker = try await WorkerUnderTest.start("edge")
            let http = LoopbackHTTP(port: await worker.port)
            for bytes in [
                "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /orders HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                "POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
                "\u{16}\u{3}\u{1}\u{2}", String(repeating: "A", count: 200_000),
            ] {
                let answer = try? await http.raw(Array(bytes.utf8), halfClose: true)
                #expect(answer.map { $0.status < 500 } ?? true)
            }
            var chunked = "POST /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            chunked += "Content-Type: application/json\r\n\r\n"
            for _ in 0..<33 { chunked += "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n" }
            #expect(try await http.raw(Array((chunked + "0\r\n\r\n").utf8)).status == 413)
            #expect(try await http.send("GET", "/health/live").status == 200)
            #expect(await worker.stop() == 0)
        }
    }
}
