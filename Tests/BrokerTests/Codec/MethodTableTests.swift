import Broker
import NIOCore
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The methods against the machine-readable specification, where Debian's package `amqp-specs` is installed.
@Suite struct MethodTableTests {
    static let path = "/usr/share/amqp/specs/0-9-1-rabbit/amqp0-9-1.stripped.extended.xml"
    static var isInstalled: Bool { FileManager.default.fileExists(atPath: path) }

    @Test(.enabled(if: isInstalled)) func everyMethodOfTheSpecificationIsThere() throws {
        let specification = try Specification(Self.path)
        #expect(specification.methods.count > 50)
        for method in specification.methods {
            let type = try #require(MethodTable.all.first { $0.id.rawValue == method.number }, "\(method.name) is missing")
            #expect(type.layout == method.fields, "\(method.name)")
            #expect(type.id.hasContent == method.hasContent, "\(method.name)")
            #expect(type.id.isForServer == method.isForServer, "\(method.name)")
        }
    }

    /// Methods beyond the specification's file, which RabbitMQ documents in prose.
    @Test(.enabled(if: isInstalled)) func nothingElseButTheKnownExtensions() throws {
        let known = Set(try Specification(Self.path).methods.map(\.number))
        let others = MethodTable.all.map { $0.id }.filter { !known.contains($0.rawValue) }
        #expect(
            Set(others) == [
                .connectionBlocked, .connectionUnblocked, .connectionUpdateSecret, .connectionUpdateSecretOK, .accessRequest,
                .accessRequestOK,
            ])
    }

    @Test func everyNumberHasAMethod() {
        #expect(MethodTable.all.map { $0.id } == MethodID.allCases)
    }

    /// What a method writes has the form of its layout, and is read back to the same bytes.
    @Test func methodsRoundTripInTheirLayout() throws {
        var random = SeededGenerator(seed: 91)
        for type in MethodTable.all {
            for _ in 0..<20 {
                let fields = random.fields(of: type.layout)
                try roundTrip(type, fields)
            }
        }
    }

    private func roundTrip<M: Method>(_ type: M.Type, _ fields: ByteBuffer) throws {
        let method = try fields.withUnsafeReadableBytes { bytes in
            var reader = WireReader(bytes)
            let method = try M(from: &reader)
            #expect(reader.isAtEnd, "\(M.id)")
            return method
        }
        var written = ByteBuffer()
        method.write(to: &written)
        #expect(written.readableBytesView.elementsEqual(fields.readableBytesView), "\(M.id)")
        // Cut anywhere, it is refused and never read past its end.
        for length in 0..<fields.readableBytes {
            fields.withUnsafeReadableBytes { bytes in
                var reader = WireReader(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
                #expect(throws: ProtocolFault.self) { try M(from: &reader) }
            }
        }
    }
}

/// As much of the specification's XML as the comparison needs. The file is regular: one element a line.
struct Specification {
    struct Entry {
        var name: String
        var number: UInt32
        var hasContent: Bool
        var isForServer = false
        var fields: [MethodField] = []
    }

    private(set) var methods: [Entry] = []

    init(_ path: String) throws {
        var domains: [String: String] = [:]
        var classNumber: UInt32 = 0
        var className = ""
        var isInMethod = false
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let attributes = Self.attributes(line)
            func has(_ element: String) -> Bool { line.contains("<\(element) ") }
            if has("domain"), let name = attributes["name"] { domains[name] = attributes["type"] }
            if has("class"), let index = attributes["index"] {
                classNumber = UInt32(index) ?? 0
                className = attributes["name"] ?? ""
            }
            if has("method"), let index = attributes["index"].flatMap({ UInt32($0) }) {
                methods.append(
                    Entry(
                        name: "\(className).\(attributes["name"] ?? "")", number: classNumber << 16 | index,
                        hasContent: attributes["content"] == "1"))
                isInMethod = !line.hasSuffix("/>")
            }
            if isInMethod, has("chassis"), attributes["name"] == "server" { methods[methods.count - 1].isForServer = true }
            if isInMethod, has("field"), let name = attributes["name"] {
                let type = attributes["type"] ?? attributes["domain"].map { domains[$0] ?? $0 } ?? ""
                methods[methods.count - 1].fields.append(try Self.field(type, name))
            }
            if line.contains("</method>") { isInMethod = false }
        }
    }

    private static func attributes(_ line: Substring) -> [String: String] {
        var found: [String: String] = [:]
        for part in line.split(separator: " ") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            found[String(sides[0])] = String(sides[1].drop { $0 == "\"" }.prefix { $0 != "\"" })
        }
        return found
    }

    private static func field(_ type: String, _ name: String) throws -> MethodField {
        switch type {
        case "octet": .octet(name)
        case "short": .short(name)
        case "long": .long(name)
        case "longlong": .longLong(name)
        case "shortstr": .shortString(name)
        case "longstr": .longString(name)
        case "bit": .bit(name)
        case "table": .table(name)
        default: throw UnknownType(name: type)
        }
    }

    struct UnknownType: Error { let name: String }
}
