/// Changes that break something. Each is a pair of schemas, what it breaks, the rule and the place.
let breakingChanges: [Change] = [
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}"#,
        "required-added", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "required-removed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        "required-added", "/b"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        "required-removed", "/b"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "property-removed", "/b"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#,
        "property-added", "/b"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{"c":{"type":"string"}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{}}}}"#,
        "property-removed", "/a/c"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{"c":{"type":"string"}}}}}"#,
        "property-added", "/a/c"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{"c":{"type":"string"}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":["c"],"properties":{"c":{"type":"string"}}}}}"#,
        "required-added", "/a/c"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":["c"],"properties":{"c":{"type":"string"}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object","additionalProperties":false,"required":[],"properties":{"c":{"type":"string"}}}}}"#,
        "required-removed", "/a/c"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"b":{"type":"string"}}}"#,
        "property-added", "/b"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":["b"],"properties":{"b":{"type":"string"}}}"#,
        "required-added", "/b"),
    .backward(
        #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "object-closed"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        "object-opened"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        "property-added-to-open-object", "/a"),
    .forward(
        #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object"}"#,
        "property-removed-from-open-object", "/a"),
    .backward(
        #"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}"#,
        #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","maxLength":3}},"additionalProperties":{"type":"string"}}"#,
        "max-length-lowered", "/b"),
    .forward(
        #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","maxLength":3}},"additionalProperties":{"type":"string"}}"#,
        #"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}"#,
        "max-length-raised", "/b"),
    .backward(
        #"{"type":"object","additionalProperties":{}}"#,
        #"{"type":"object","additionalProperties":{"type":"string"}}"#,
        "type-narrowed", "/*"),
    .forward(
        #"{"type":"object","additionalProperties":{"type":"string"}}"#,
        #"{"type":"object","additionalProperties":{}}"#,
        "type-widened", "/*"),
    .both(
        #"{"type":"object","additionalProperties":{"type":"string"}}"#,
        #"{"type":"object","additionalProperties":{"type":"integer"}}"#,
        "type-changed", "/*"),
    .backward(
        #"{"type":"object","additionalProperties":{"type":"string"}}"#,
        #"{"type":"object","additionalProperties":false}"#,
        "object-closed"),
    .forward(
        #"{"type":"object","additionalProperties":false}"#,
        #"{"type":"object","additionalProperties":{"type":"string"}}"#,
        "object-opened"),
    .backward(
        #"{"type":"object","patternProperties":{"^x":{"type":"string"}},"additionalProperties":false}"#,
        #"{"type":"object","additionalProperties":false}"#,
        "pattern-property-removed"),
    .forward(
        #"{"type":"object","additionalProperties":false}"#,
        #"{"type":"object","patternProperties":{"^x":{"type":"string"}},"additionalProperties":false}"#,
        "pattern-property-added"),
    .backward(
        #"{"type":"object","patternProperties":{"^x":{"type":"number"}}}"#,
        #"{"type":"object","patternProperties":{"^x":{"type":"integer"}}}"#,
        "type-narrowed", "/*"),
    .forward(
        #"{"type":"object","patternProperties":{"^x":{"type":"integer"}}}"#,
        #"{"type":"object","patternProperties":{"^x":{"type":"number"}}}"#,
        "type-widened", "/*"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","patternProperties":{"^x":{"type":"integer"}}}"#,
        "pattern-property-added"),
    .forward(
        #"{"type":"object","patternProperties":{"^x":{"type":"integer"}}}"#,
        #"{"type":"object"}"#,
        "pattern-property-removed"),
    .backward(
        #"{"type":"object","minProperties":1}"#,
        #"{"type":"object","minProperties":2}"#,
        "min-properties-raised"),
    .forward(
        #"{"type":"object","minProperties":2}"#,
        #"{"type":"object","minProperties":1}"#,
        "min-properties-lowered"),
    .backward(
        #"{"type":"object","maxProperties":3}"#,
        #"{"type":"object","maxProperties":2}"#,
        "max-properties-lowered"),
    .forward(
        #"{"type":"object","maxProperties":2}"#,
        #"{"type":"object","maxProperties":3}"#,
        "max-properties-raised"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","maxProperties":2}"#,
        "max-properties-lowered"),
    .forward(
        #"{"type":"object","maxProperties":2}"#,
        #"{"type":"object"}"#,
        "max-properties-raised"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","dependentRequired":{"a":["b"]}}"#,
        "dependent-required-changed"),
    .forward(
        #"{"type":"object","dependentRequired":{"a":["b"]}}"#,
        #"{"type":"object"}"#,
        "dependent-required-changed"),
    .backward(
        #"{"type":"object","dependentRequired":{"a":["b"]}}"#,
        #"{"type":"object","dependentRequired":{"a":["b","c"]}}"#,
        "dependent-required-changed"),
    .forward(
        #"{"type":"object","dependentRequired":{"a":["b","c"]}}"#,
        #"{"type":"object","dependentRequired":{"a":["b"]}}"#,
        "dependent-required-changed"),
    .both(
        #"{"type":"object","dependentRequired":{"a":["b"]}}"#,
        #"{"type":"object","dependentRequired":{"a":["c"]}}"#,
        "dependent-required-changed"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","propertyNames":{"maxLength":3}}"#,
        "property-names-changed"),
    .forward(
        #"{"type":"object","propertyNames":{"maxLength":3}}"#,
        #"{"type":"object"}"#,
        "property-names-changed"),
    .backward(
        #"{"type":"object","propertyNames":{"maxLength":5}}"#,
        #"{"type":"object","propertyNames":{"maxLength":3}}"#,
        "property-names-changed"),
    .forward(
        #"{"type":"object","propertyNames":{"maxLength":3}}"#,
        #"{"type":"object","propertyNames":{"maxLength":5}}"#,
        "property-names-changed"),
    .backward(
        #"{"type":"object"}"#,
        #"{"type":"object","dependentSchemas":{"a":{"required":["b"]}}}"#,
        "dependent-schemas-changed"),
    .forward(
        #"{"type":"object","dependentSchemas":{"a":{"required":["b"]}}}"#,
        #"{"type":"object"}"#,
        "dependent-schemas-changed"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":["string","null"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":["string","null"]}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"number"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"number"}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":["string","integer"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":["string","integer"]}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":true}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":true}}"#,
        "type-widened", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"boolean"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"boolean"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"number"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"array"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"object"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"array"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"null"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":["boolean","null"]}}}"#,
        "type-changed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":false}}"#,
        "property-removed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":false}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "property-added", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        "minimum-added", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        "minimum-removed", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":1}}}"#,
        "minimum-raised", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        "minimum-lowered", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":-5}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":-4}}}"#,
        "minimum-raised", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":-4}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":-5}}}"#,
        "minimum-lowered", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":10}}}"#,
        "maximum-added", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":10}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        "maximum-removed", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":10}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":9}}}"#,
        "maximum-lowered", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":9}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","maximum":10}}}"#,
        "maximum-raised", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","minimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","exclusiveMinimum":0}}}"#,
        "minimum-raised", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","exclusiveMinimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","minimum":0}}}"#,
        "minimum-lowered", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","exclusiveMaximum":1}}}"#,
        "maximum-lowered", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","exclusiveMaximum":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1}}}"#,
        "maximum-raised", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","exclusiveMinimum":0}}}"#,
        "minimum-raised", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","exclusiveMinimum":0}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","minimum":0}}}"#,
        "minimum-lowered", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1.5}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1.25}}}"#,
        "maximum-lowered", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1.25}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":1.5}}}"#,
        "maximum-raised", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":99999999999999999999}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":99999999999999999998}}}"#,
        "maximum-lowered", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":99999999999999999998}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"number","maximum":99999999999999999999}}}"#,
        "maximum-raised", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":2}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":4}}}"#,
        "multiple-changed", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":4}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":2}}}"#,
        "multiple-changed", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":5}}}"#,
        "multiple-changed", "/n"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":5}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer"}}}"#,
        "multiple-changed", "/n"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":2}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"n":{"type":"integer","multipleOf":3}}}"#,
        "multiple-changed", "/n"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":1}}}"#,
        "min-length-raised", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        "min-length-lowered", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":2}}}"#,
        "min-length-raised", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":2}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","minLength":1}}}"#,
        "min-length-lowered", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":9}}}"#,
        "max-length-lowered", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":9}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        "max-length-raised", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":64}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":63}}}"#,
        "max-length-lowered", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":63}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","maxLength":64}}}"#,
        "max-length-raised", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^a"}}}"#,
        "pattern-added", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        "pattern-removed", "/s"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^b"}}}"#,
        "pattern-changed", "/s"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","pattern":"^a+"}}}"#,
        "pattern-changed", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"uuid"}}}"#,
        "format-added", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"uuid"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        "format-removed", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"email"}}}"#,
        "format-added", "/s"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"email"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string"}}}"#,
        "format-removed", "/s"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"uuid"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"email"}}}"#,
        "format-changed", "/s"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"date"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"s":{"type":"string","format":"date-time"}}}"#,
        "format-changed", "/s"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","b"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        "value-removed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","b"]}}}"#,
        "value-added", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string","enum":["a","b","c"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string","enum":["a","c"]}}}"#,
        "value-removed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string","enum":["a","c"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string","enum":["a","b","c"]}}}"#,
        "value-added", "/e"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","b"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","c"]}}}"#,
        "value-added", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        "values-listed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string"}}}"#,
        "values-opened", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"a"}}}"#,
        "values-listed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"type":"string"}}}"#,
        "values-opened", "/e"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"b"}}}"#,
        "value-removed", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","b"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"a"}}}"#,
        "value-removed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"const":"a"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a","b"]}}}"#,
        "value-added", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a",null]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        "value-removed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a",null]}}}"#,
        "value-added", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":[1,2,3]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":[1,2,3],"maximum":2}}}"#,
        "value-removed", "/e"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":[1,2,3],"maximum":2}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":[1,2,3]}}}"#,
        "value-added", "/e"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":["a"]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"e":{"enum":[1]}}}"#,
        "value-removed", "/e"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","minItems":1}}}"#,
        "min-items-raised", "/l"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","minItems":1}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        "min-items-lowered", "/l"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","maxItems":1000}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","maxItems":999}}}"#,
        "max-items-lowered", "/l"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","maxItems":999}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","maxItems":1000}}}"#,
        "max-items-raised", "/l"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","uniqueItems":true}}}"#,
        "unique-items-added", "/l"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","uniqueItems":true}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        "unique-items-removed", "/l"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"string"}}}}"#,
        "type-narrowed", "/l/*"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"string"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        "type-widened", "/l/*"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"string"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"integer"}}}}"#,
        "type-changed", "/l/*"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["q"],"properties":{"q":{"type":"integer"}}}}}}"#,
        "required-added", "/l/*/q"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["q"],"properties":{"q":{"type":"integer"}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}}"#,
        "required-removed", "/l/*/q"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"},"r":{"type":"string"}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}}"#,
        "property-removed", "/l/*/r"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"},"r":{"type":"string"}}}}}}"#,
        "property-added", "/l/*/r"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"number"}}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"integer"}}}}}}}"#,
        "type-narrowed", "/l/*/l/*"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"integer"}}}}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","items":{"type":"number"}}}}}}}"#,
        "type-widened", "/l/*/l/*"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"number"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"integer"}]}}}"#,
        "type-narrowed", "/l/0"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"integer"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"number"}]}}}"#,
        "type-widened", "/l/0"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}]}}}"#,
        "type-narrowed", "/l/1"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}]}}}"#,
        "type-widened", "/l/1"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}],"items":false}}}"#,
        "never-valid", "/l/*"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}],"items":false}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","prefixItems":[{"type":"string"}]}}}"#,
        "was-never-valid", "/l/*"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","contains":{"type":"string"}}}}"#,
        "contains-changed", "/l"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","contains":{"type":"string"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array"}}}"#,
        "contains-changed", "/l"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","contains":{"type":"string"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"l":{"type":"array","contains":{"type":"integer"}}}}"#,
        "contains-changed", "/l"),
    .backward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","additionalProperties":false,"required":["q"],"properties":{"q":{"type":"integer"}}}}}"##,
        "required-added", "/a/q"),
    .forward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","additionalProperties":false,"required":["q"],"properties":{"q":{"type":"integer"}}}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","additionalProperties":false,"required":[],"properties":{"q":{"type":"integer"}}}}}"##,
        "required-removed", "/a/q"),
    .backward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"number"}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        "type-narrowed", "/a"),
    .forward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"number"}}}"##,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"number"}}}"#,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        "type-narrowed", "/a"),
    .forward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"number"}}}"#,
        "type-widened", "/a"),
    .backward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","properties":{"v":{"type":"number"},"next":{"$ref":"#/$defs/D"}}}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/D"}}}}}"##,
        "type-narrowed", "/a/v"),
    .forward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/D"}}}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"object","properties":{"v":{"type":"number"},"next":{"$ref":"#/$defs/D"}}}}}"##,
        "type-widened", "/a/v"),
    .both(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"string"},"E":{"type":"integer"}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/E"}},"$defs":{"D":{"type":"string"},"E":{"type":"integer"}}}"##,
        "type-changed", "/a"),
    .backward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D","minimum":0}},"$defs":{"D":{"type":"integer"}}}"##,
        "minimum-added", "/a"),
    .forward(
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D","minimum":0}},"$defs":{"D":{"type":"integer"}}}"##,
        ##"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"$ref":"#/$defs/D"}},"$defs":{"D":{"type":"integer"}}}"##,
        "minimum-removed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"allOf":[{"type":"integer"},{"minimum":1}]}}}"#,
        "minimum-added", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"allOf":[{"type":"integer"},{"minimum":1}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"integer"}}}"#,
        "minimum-removed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"integer"},{"type":"string","maxLength":3}]}}}"#,
        "choice-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"integer"},{"type":"string","maxLength":3}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        "choice-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"boolean"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        "type-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"boolean"}]}}}"#,
        "type-widened", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer","minimum":0}]}}}"#,
        "choice-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer","minimum":0}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer"}]}}}"#,
        "choice-widened", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"minimum":1},{"maximum":5}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"minimum":1},{"maximum":6}]}}}"#,
        "choice-changed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string","not":{"const":"x"}}}}"#,
        "not-changed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string","not":{"const":"x"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "not-changed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"not":{"type":"integer"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"not":{"type":"number"}}}}"#,
        "not-changed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"not":{"type":"number"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"not":{"type":"integer"}}}}"#,
        "not-changed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string","if":{"minLength":3},"then":{"pattern":"^a"}}}}"#,
        "if-changed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string","if":{"minLength":3},"then":{"pattern":"^a"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}"#,
        "if-changed", "/a"),
    .both(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"if":{"minLength":3},"then":{"pattern":"^a"}}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"if":{"minLength":4},"then":{"pattern":"^a"}}}}"#,
        "if-changed", "/a"),
    .backward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"x"},"v":{"type":"string"}}},{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"y"}}}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"x"},"v":{"type":"string","maxLength":2}}},{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"y"}}}]}}}"#,
        "choice-narrowed", "/a"),
    .forward(
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"x"},"v":{"type":"string","maxLength":2}}},{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"y"}}}]}}}"#,
        #"{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"oneOf":[{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"x"},"v":{"type":"string"}}},{"type":"object","additionalProperties":false,"required":["k"],"properties":{"k":{"const":"y"}}}]}}}"#,
        "choice-widened", "/a"),
    .both(
        #"{"type":"object","unevaluatedProperties":false,"properties":{"a":{"type":"string"}}}"#,
        #"{"type":"object","properties":{"a":{"type":"string"}}}"#,
        "unevaluated-properties-changed"),
    .both(
        #"{"type":"array","unevaluatedItems":false,"prefixItems":[{"type":"string"}]}"#,
        #"{"type":"array","prefixItems":[{"type":"string"}]}"#,
        "unevaluated-items-changed"),
]
