/// The JSON Schema of a contract file, for editors. `topics/contract.schema.json` is the same text.
public enum ContractFileSchema {
    /// The name of the file beside the contracts, which their first line refers to.
    public static let fileName = "contract.schema.json"

    /// The text, with a line feed at its end.
    public static let text = ##"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Millrace contract",
          "description": "The contract of one topic: topics/<topic>.yaml.",
          "type": "object",
          "additionalProperties": false,
          "required": ["topic", "owner", "description", "partitionKey"],
          "anyOf": [{ "required": ["events"] }, { "required": ["commands"] }],
          "properties": {
            "topic": {
              "description": "The name of the topic, lower-case words joined by dots: commerce.orders. The file is named after it.",
              "$ref": "#/$defs/dotted"
            },
            "owner": {
              "description": "The worker that publishes the events and carries out the commands.",
              "type": "string",
              "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
              "maxLength": 63
            },
            "description": { "description": "What the topic is about.", "$ref": "#/$defs/text" },
            "partitionKey": {
              "description": "The property whose value orders the messages: those with the same value are handled one after another.",
              "$ref": "#/$defs/propertyName"
            },
            "events": {
              "description": "What is published: facts, in the past tense, like order.created.",
              "$ref": "#/$defs/messages"
            },
            "commands": {
              "description": "What can be asked of the owner: requests, in the imperative, like order.place.",
              "$ref": "#/$defs/messages"
            },
            "$defs": {
              "description": "Schemas that the schemas of this file refer to as #/$defs/Name.",
              "type": "object",
              "propertyNames": { "pattern": "^[A-Z][A-Za-z0-9]*$" },
              "additionalProperties": { "$ref": "#/$defs/schema" }
            }
          },
          "$defs": {
            "text": { "type": "string", "minLength": 1 },
            "dotted": { "type": "string", "pattern": "^[a-z][a-z0-9]*(\\.[a-z][a-z0-9]*)+$", "maxLength": 120 },
            "propertyName": { "type": "string", "pattern": "^[a-z][A-Za-z0-9]*$" },
            "pointer": { "type": "string", "pattern": "^(/([^~/]|~[01])+)+$" },
            "deprecated": {
              "description": "What to use instead, or true.",
              "oneOf": [{ "type": "boolean" }, { "type": "string", "minLength": 1 }]
            },
            "personal": {
              "description": "Which parts of the data are about a person, so that they can be erased.",
              "type": "object",
              "additionalProperties": false,
              "required": ["subject", "fields"],
              "properties": {
                "subject": {
                  "description": "The required property that says who the person is: /customerId.",
                  "$ref": "#/$defs/pointer"
                },
                "fields": {
                  "description": "What is erased with the person's key: /email, /recipients/*/name.",
                  "type": "array",
                  "minItems": 1,
                  "uniqueItems": true,
                  "items": { "$ref": "#/$defs/pointer" }
                }
              }
            },
            "messages": {
              "type": "object",
              "propertyNames": { "$ref": "#/$defs/dotted" },
              "additionalProperties": { "$ref": "#/$defs/message" }
            },
            "message": {
              "type": "object",
              "additionalProperties": false,
              "required": ["description"],
              "oneOf": [{ "required": ["versions"] }, { "required": ["schema", "example"] }],
              "dependentSchemas": {
                "versions": { "properties": { "version": false, "schema": false, "example": false } }
              },
              "properties": {
                "description": { "description": "What the message means.", "$ref": "#/$defs/text" },
                "partitionKey": {
                  "description": "The property whose value orders these messages, if it is not that of the topic.",
                  "$ref": "#/$defs/propertyName"
                },
                "deprecated": { "$ref": "#/$defs/deprecated" },
                "personal": { "$ref": "#/$defs/personal" },
                "versions": {
                  "description": "The versions by number. The newest is what is published.",
                  "type": "object",
                  "minProperties": 1,
                  "propertyNames": { "pattern": "^[1-9][0-9]*$" },
                  "additionalProperties": { "$ref": "#/$defs/version" }
                },
                "version": { "description": "The number of the only version; 1 when it is not given.", "type": "integer", "minimum": 1 },
                "schema": { "$ref": "#/$defs/messageSchema" },
                "example": { "$ref": "#/$defs/example" }
              }
            },
            "version": {
              "type": "object",
              "additionalProperties": false,
              "required": ["schema", "example"],
              "properties": {
                "description": { "description": "What is new in this version.", "$ref": "#/$defs/text" },
                "deprecated": { "$ref": "#/$defs/deprecated" },
                "personal": { "$ref": "#/$defs/personal" },
                "schema": { "$ref": "#/$defs/messageSchema" },
                "example": { "$ref": "#/$defs/example" }
              }
            },
            "example": { "description": "Data of this version, as it looks. It must fit the schema.", "type": "object" },
            "messageSchema": {
              "description": "JSON Schema 2020-12 of the data: an object that lists all of its properties.",
              "$ref": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "required": ["type", "additionalProperties", "required", "properties"],
              "properties": {
                "type": { "const": "object" },
                "additionalProperties": { "const": false },
                "properties": {
                  "minProperties": 1,
                  "propertyNames": { "$ref": "#/$defs/propertyName" }
                }
              }
            },
            "schema": { "$ref": "https://json-schema.org/draft/2020-12/schema" }
          }
        }

        """##
}
