package import AMQP

extension Delivery {
    /// Whether it looks like a CloudEvent in binary mode: attributes in the headers, the data alone in the body. The AMQP binding
    /// of CloudEvents 1.0 names the headers `cloudEvents:id` or `cloudEvents_id`; some clients take over `ce-id` from HTTP.
    package var isBinaryCloudEvent: Bool {
        ["cloudEvents:", "cloudEvents_", "ce-", "ce_"].contains { properties.headers["\($0)specversion"] != nil }
    }
}
