import ContractFiles
import Contracts
import Testing
import millrace_cli

/// The quick way through lines that fit finds what the long way finds, wherever the input is cut.
@Suite struct PublishIntakeTests {
    private struct Found: Equatable {
        var number: Int
        var line: Int
        var data: String
        var key: String?
    }

    private static let good = PublishCommandTests.good

    private func draft(key: String? = nil) throws -> EventDraft {
        let contract = try ContractLookup(catalog: TopicCatalog.load(directory: Fixture.project + "/topics"))
            .contract(topic: PublishCommandTests.topic, type: PublishCommandTests.type)
        return EventDraft(
            topic: PublishCommandTests.topic, type: PublishCommandTests.type, key: key, maximumBytes: 300,
            contract: try CheckedContract(contract, version: nil))
    }

    private func take(_ text: String, size: Int, skip: Int = 0, keepsGoing: Bool = true) throws -> (
        found: [Found], refused: [Int], flaw: String?
    ) {
        var intake = PublishIntake(draft: try draft(), skip: skip, keepsGoing: keepsGoing)
        let bytes = Array(text.utf8)
        var pieces = stride(from: 0, to: bytes.count, by: size).map { intake.take(Array(bytes[$0..<min($0 + size, bytes.count)])) }
        pieces.append(intake.finish())
        let found = pieces.flatMap { piece in
            piece.messages.map { message in
                piece.withData(message) { data in
                    let key: String? =
                        switch message.key {
                        case .none, .given: nil
                        case .text(let text): text
                        case .place(let range): String(decoding: data[range], as: UTF8.self)
                        }
                    return Found(number: message.number, line: message.line, data: String(decoding: data, as: UTF8.self), key: key)
                }
            }
        }
        return (found, pieces.flatMap(\.refused).map(\.number), pieces.lazy.compactMap(\.flaw).first?.description)
    }

    /// The long way alone.
    private func reference(_ text: String) throws -> (found: [Found], refused: [Int], flaw: String?) {
        var splitter = JSONStreamSplitter(maximumBytes: 300)
        var records: [JSONStreamSplitter.Record] = []
        var flaw: String?
        do {
            try splitter.feed(Array(text.utf8), into: &records)
            try splitter.finish(into: &records)
        } catch {
            flaw = error.description
        }
        let draft = try draft()
        var (found, refused): ([Found], [Int]) = ([], [])
        for record in records {
            do throws(EventRefused) {
                let key = try draft.check(record.bytes)
                found.append(Found(number: record.number, line: record.line, data: String(decoding: record.bytes, as: UTF8.self), key: key))
            } catch {
                refused.append(record.number)
            }
        }
        return (found, refused, flaw)
    }

    private static let streams = [
        "", "\n\n", good, "\(good)\n\(good)\n", "\(good)\r\n\r\n\(good) \t\r\n\(good)", "\(good)\(good)\n\(good)", "[\(good),\n\(good)]\n",
        " \(good)\n",
        "\(good)\n{\n \"orderId\": \"0198c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c\",\n \"totalCents\": 1}\n\(good)\n",
        "\(good)\n{}\n7\n\"x\"\n\(good)\n{\"totalCents\":-1}\n\(good)",
        "{\"totalCents\":3,\"orderId\":\"\\u00301\\u00398c2a4-7d5e-7a51-9c0e-3f6f0f5a1b2c\"}\n\(good)\n",
        "\(good)\n\(good.dropLast())\n\(good)\n", "\(good)\n}\n\(good)\n", "\(good)\n\(good)}\n\(good)",
        "\(good)\n{\"a\": \"\(String(repeating: "x", count: 400))\"}\n\(good)\n",
        // Larger than the limit of 300 bytes, and yet it fits the contract. Fails when a line's size is not looked at.
        "\(good)\n\(good.dropLast())\(String(repeating: " ", count: 300))}\n\(good)\n",
        "\u{FEFF}\(good)\n", "{}\n[\(good)]\n", "\(good)\n[\(good)\n",
    ]

    @Test(arguments: streams)
    func findsWhatTheLongWayFinds(_ text: String) throws {
        let expected = try reference(text)
        for size in [1, 2, 7, 64, 100_000] {
            let result = try take(text, size: size)
            #expect(
                result.found == expected.found && result.refused == expected.refused && result.flaw == expected.flaw,
                "\(size): \(result), not \(expected)")
        }
    }

    @Test func leavesOutTheFirst() throws {
        for text in Self.streams {
            let all = try reference(text)
            let rest = try take(text, size: 64, skip: 1)
            #expect(rest.found == all.found.filter { $0.number > 1 } && rest.refused == all.refused.filter { $0 > 1 })
        }
    }

    @Test func endsAtTheFirstThatIsRefused() throws {
        let text = "\(Self.good)\n{}\n\(Self.good)\n{"
        for size in [1, 1_000] {
            let result = try take(text, size: size, keepsGoing: false)
            #expect(result.found.map(\.number) == [1] && result.refused == [2] && result.flaw == nil)
        }
    }

    @Test func aGivenKeyIsNotLookedFor() throws {
        var intake = PublishIntake(draft: try draft(key: "k"), skip: 0, keepsGoing: false)
        #expect(intake.take(Array("\(Self.good)\n".utf8)).messages.map(\.key) == [.given])
    }
}
