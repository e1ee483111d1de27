package import NIOCore

/// A method of AMQP 0-9-1: its number, its fields, and how they are read and written.
package protocol Method: Sendable {
    static var id: MethodID { get }
    /// The fields in wire order, named as the specification names them.
    static var layout: [MethodField] { get }

    /// Reads the fields that follow class and method id.
    ///
    /// - Throws: 501 where the bytes end early or are no valid field.
    init(from reader: inout WireReader) throws(ProtocolFault)
    /// Writes the fields, without class and method id.
    func write(to buffer: inout ByteBuffer)
}

/// A method without fields.
package protocol BareMethod: Method {
    init()
}

extension BareMethod {
    package static var layout: [MethodField] { [] }

    package init(from reader: inout WireReader) throws(ProtocolFault) { self.init() }

    package func write(to buffer: inout ByteBuffer) {}
}

/// One field of a method: its type on the wire, and its name. Neighbouring bits share an octet.
package enum MethodField: Equatable, Sendable {
    case octet(String)
    case short(String)
    case long(String)
    case longLong(String)
    case shortString(String)
    case longString(String)
    case bit(String)
    case table(String)
}
