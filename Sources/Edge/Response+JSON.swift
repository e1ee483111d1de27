public import HTTPTypes
public import Hummingbird
import NIOCore

extension Response {
    /// A response of JSON that is encoded already.
    public static func json(
        _ status: HTTPResponse.Status = .ok, _ bytes: [UInt8], headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A response of one JSON object.
    public static func json(
        _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], _ body: (inout JSONObjectWriter) -> Void
    ) -> Response {
        var writer = JSONObjectWriter()
        body(&writer)
        return json(status, writer.finished(), headers: headers)
    }
}
