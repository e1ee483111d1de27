extension JSONSchema {
    /// How a schema is compiled, and how much work it may make.
    public struct Options: Sendable, Equatable {
        /// Whether `format` is checked. The draft's own default is not to; a schema whose meta-schema has the
        /// vocabulary `format-assertion` is checked in any case.
        public var assertsFormats: Bool
        /// Whether the schema is checked against its meta-schema. Take this from schemas of the program itself only.
        public var checksMetaSchema: Bool
        /// The most violations that ``JSONSchema/validate(_:)`` lists.
        public var maximumViolations: Int
        /// How deep the JSON of a schema may be nested: 1 to 128.
        public var maximumSchemaDepth: Int
        /// The most subschemas of a schema and of all that it refers to.
        public var maximumSubschemas: Int
        /// How many subschemas may be at work inside one another: 1 to 512, so that no document can exhaust the stack.
        /// A document that needs more does not fit.
        public var maximumEvaluationDepth: Int
        /// How much work one validation may be: subschemas applied to values, and characters that patterns look at.
        /// A document that needs more does not fit.
        public var maximumSteps: Int
        /// The largest pattern, in steps of its machine; `[a-z]{1,100}` has about 100.
        public var maximumPatternSize: Int

        /// Makes options.
        public init(
            assertsFormats: Bool = false, checksMetaSchema: Bool = true, maximumViolations: Int = 100,
            maximumSchemaDepth: Int = 128, maximumSubschemas: Int = 100_000, maximumEvaluationDepth: Int = 512,
            maximumSteps: Int = 10_000_000, maximumPatternSize: Int = 5_000
        ) {
            self.assertsFormats = assertsFormats
            self.checksMetaSchema = checksMetaSchema
            self.maximumViolations = max(maximumViolations, 1)
            self.maximumSchemaDepth = min(max(maximumSchemaDepth, 1), 128)
            self.maximumSubschemas = max(maximumSubschemas, 1)
            self.maximumEvaluationDepth = min(max(maximumEvaluationDepth, 1), 512)
            self.maximumSteps = max(maximumSteps, 1)
            self.maximumPatternSize = max(maximumPatternSize, 1)
        }
    }
}
