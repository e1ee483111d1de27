package import NIOCore

/// A method with one field.
package protocol SingleFieldMethod: Method {
    associatedtype Field: WireField
    /// The name of the field in the specification.
    static var fieldName: String { get }
    /// The field, whose proper name each method has too.
    var field: Field { get }

    init(field: Field)
}

extension SingleFieldMethod {
    package static var layout: [MethodField] { [Field.described(fieldName)] }

    package init(from reader: inout WireReader) throws(ProtocolFault) { self.init(field: try Field(from: &reader)) }

    package func write(to buffer: inout ByteBuffer) { field.write(to: &buffer) }
}

/// A method with one field that means nothing any more: it is read over, and written as zero.
package protocol ReservedFieldMethod: Method {
    associatedtype Reserved: WireField

    init()
}

extension ReservedFieldMethod {
    package static var layout: [MethodField] { [Reserved.described("reserved-1")] }

    package init(from reader: inout WireReader) throws(ProtocolFault) {
        _ = try Reserved(from: &reader)
        self.init()
    }

    package func write(to buffer: inout ByteBuffer) { Reserved.zero.write(to: &buffer) }
}

/// A type that a method's only field can have.
package protocol WireField {
    static var zero: Self { get }
    static func described(_ name: String) -> MethodField
    init(from reader: inout WireReader) throws(ProtocolFault)
    func write(to buffer: inout ByteBuffer)
}

extension Bool: WireField {
    package static var zero: Bool { false }
    package static func described(_ name: String) -> MethodField { .bit(name) }
    package init(from reader: inout WireReader) throws(ProtocolFault) { self = try reader.octet() & 1 != 0 }
    package func write(to buffer: inout ByteBuffer) { buffer.writeBits(self) }
}

extension UInt16: WireField {
    package static var zero: UInt16 { 0 }
    package static func described(_ name: String) -> MethodField { .short(name) }
    package init(from reader: inout WireReader) throws(ProtocolFault) { self = try reader.short() }
    package func write(to buffer: inout ByteBuffer) { buffer.writeInteger(self) }
}

extension UInt32: WireField {
    package static var zero: UInt32 { 0 }
    package static func described(_ name: String) -> MethodField { .long(name) }
    package init(from reader: inout WireReader) throws(ProtocolFault) { self = try reader.long() }
    package func write(to buffer: inout ByteBuffer) { buffer.writeInteger(self) }
}

extension String: WireField {
    package static var zero: String { "" }
    package static func described(_ name: String) -> MethodField { .shortString(name) }
    package init(from reader: inout WireReader) throws(ProtocolFault) { self = try reader.shortString() }
    package func write(to buffer: inout ByteBuffer) { buffer.writeShortString(self) }
}

extension [UInt8]: WireField {
    package static var zero: [UInt8] { [] }
    package static func described(_ name: String) -> MethodField { .longString(name) }
    package init(from reader: inout WireReader) throws(ProtocolFault) { self = try reader.longString() }
    package func write(to buffer: inout ByteBuffer) { buffer.writeLongString(self) }
}
