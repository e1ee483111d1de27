import Contracts

extension BasicProperties {
    /// As RabbitMQ's management API shows them: those that are there, by the specification's names.
    var json: JSONValue {
        var object = JSONObject()
        func set(_ name: String, _ value: String?) { if let value { object[name] = .string(value) } }
        set("content_type", contentType)
        set("content_encoding", contentEncoding)
        if let headers { object["headers"] = headers.json }
        if let deliveryMode { object["delivery_mode"] = .int(deliveryMode) }
        if let priority { object["priority"] = .int(priority) }
        set("correlation_id", correlationID)
        set("reply_to", replyTo)
        set("expiration", expiration)
        set("message_id", messageID)
        if let timestamp { object["timestamp"] = .int(timestamp) }
        set("type", type)
        set("user_id", userID)
        set("app_id", appID)
        set("cluster_id", clusterID)
        return .object(object)
    }

    /// - Throws: 400 for values of the wrong kind or out of range, and for another user's name.
    init(json value: JSONValue?, user: AuthenticatedUser, depth: Int) throws {
        self.init()
        guard let value, !value.isNull, value.arrayValue?.isEmpty != true else { return }
        guard let object = value.objectValue else { throw ManagementFailure.badRequest("properties must be an object") }
        func text(_ name: String) throws -> String? {
            guard let value = object[name], !value.isNull else { return nil }
            guard let text = value.stringValue, text.utf8.count <= 255 else {
                throw ManagementFailure.badRequest("the property \(name) must be a text of at most 255 bytes")
            }
            return text
        }
        func number<Number: FixedWidthInteger>(_ name: String) throws -> Number? {
            guard let value = object[name], !value.isNull else { return nil }
            guard let number = value.intValue.flatMap({ Number(exactly: $0) }) else {
                throw ManagementFailure.badRequest("the property \(name) must be a whole number from 0 to \(Number.max)")
            }
            return number
        }
        contentType = try text("content_type")
        contentEncoding = try text("content_encoding")
        if object["headers"] != nil { headers = try FieldTable.read("headers", of: object, depth: depth) }
        deliveryMode = try number("delivery_mode")
        priority = try number("priority")
        correlationID = try text("correlation_id")
        replyTo = try text("reply_to")
        expiration = try text("expiration")
        do throws(ProtocolFault) {
            if let expiration { _ = try PropertyScan.expiration(expiration) }
            if let deliveryMode { _ = try PropertyScan.isPersistent(deliveryMode) }
        } catch { throw ManagementFailure.badRequest(error.explanation) }
        messageID = try text("message_id")
        timestamp = try number("timestamp")
        type = try text("type")
        userID = try text("user_id")
        guard userID == nil || userID == user.name || user.mayImpersonate else {
            throw ManagementFailure.badRequest("user_id property set to '\(userID ?? "")' but authenticated user was '\(user.name)'")
        }
        appID = try text("app_id")
        clusterID = try text("cluster_id")
    }
}
