import Contracts
import Edge
import Millrace
import Testing

/// What a client of the edge is told when the message that its request became breaks its contract.
@Suite("Errors of the modules below, as a client sees them") struct ErrorTranslationTests {
    @Test("data that does not fit is the client's: 422, with each place")
    func invalidData() throws {
        let schema = try JSONSchema(compiling: ["properties": ["totalCents": ["minimum": 0], "items": ["minItems": 1]]])
        let violations = schema.validate(["totalCents": -5, "items": []])
        let problem = try #require(ErrorTranslation.problem(for: violation(.invalidData, violations)))
        #expect(problem.status == .unprocessableContent && problem.kind == "invalid-input")
        #expect(Set(problem.errors.map(\.pointer)) == ["/totalCents", "/items"])
        #expect(problem.errors.allSatisfy { !$0.detail.isEmpty })
    }

    @Test("a message that is too large is 413, and says nothing of the inside")
    func tooLarge() throws {
        let problem = try #require(ErrorTranslation.problem(for: violation(.tooLarge)))
        #expect(problem.status == .contentTooLarge && problem.kind == "message-too-large")
        #expect(problem.detail?.contains("commerce.orders") == false)
    }

    @Test(
        "what the program itself got wrong is none of the client's business",
        arguments: [
            ContractViolation.Code.unknownVersion, .missingUpcaster, .unusableSchema,
        ])
    func defects(code: ContractViolation.Code) { #expect(ErrorTranslation.problem(for: violation(code)) == nil) }

    private func violation(_ code: ContractViolation.Code, _ violations: [JSONSchemaViolation] = []) -> ContractViolation {
        ContractViolation(
            code, topic: "commerce.orders", type: "order.created", version: 1, "does not fit its contract", violations: violations)
    }
}
