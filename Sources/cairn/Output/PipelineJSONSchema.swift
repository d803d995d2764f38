// SPDX-License-Identifier: Apache-2.0

import Repository
import Schedule

/// The JSON Schema of pipeline files, made from the description by which they are checked.
enum PipelineJSONSchema {
    /// The whole document.
    static var document: JSON {
        .object(
            [
                ("$schema", "https://json-schema.org/draft/2020-12/schema"),
                ("title", "Cairn pipeline"),
                (
                    "description",
                    "What `cairn run` and `cairn schedule` read; see Docs/pipelines.md."
                ),
            ] + fields(PipelineDeclaration.yaml.schema))
    }

    private static func fields(_ schema: YAMLSchema) -> [(String, JSON)] {
        switch schema {
        case .text(let pattern, let examples):
            var fields: [(String, JSON)] = [("type", "string"), ("minLength", 1)]
            if let pattern { fields.append(("pattern", .string(pattern))) }
            if !examples.isEmpty { fields.append(("examples", .strings(examples))) }
            return fields
        case .word(let words): return [("enum", .strings(words))]
        case .flag: return [("type", "boolean")]
        case .integer(let range):
            var fields: [(String, JSON)] = [
                ("type", "integer"), ("minimum", .count(range.lowerBound)),
            ]
            if range.upperBound < .max { fields.append(("maximum", .count(range.upperBound))) }
            return fields
        case .number(let range):
            return [
                ("type", "number"), ("minimum", .double(range.lowerBound)),
                ("maximum", .double(range.upperBound)),
            ]
        case .list(let items, let least):
            var fields: [(String, JSON)] = [
                ("type", "array"), ("items", .object(self.fields(items))),
            ]
            if least > 0 { fields.append(("minItems", .count(least))) }
            return fields
        case .object(let properties): return object(properties)
        case .named(let value, let pattern):
            return [
                ("type", "object"),
                ("patternProperties", .object([(pattern, .object(fields(value)))])),
                ("additionalProperties", false),
            ]
        case .any(let schemas):
            return [("anyOf", .array(schemas.map { .object(fields($0)) }))]
        }
    }

    private static func object(_ properties: [YAMLSchema.Property]) -> [(String, JSON)] {
        let described = properties.map { property in
            let standard = property.standard.map { " Default: \($0)." } ?? ""
            return (
                property.name,
                JSON.object(
                    [("description", .string(property.summary + standard))]
                        + fields(property.schema))
            )
        }
        let required = properties.filter(\.isRequired).map(\.name)
        return [
            ("type", "object"), ("properties", .object(described)),
            ("additionalProperties", false),
        ] + (required.isEmpty ? [] : [("required", .strings(required))])
    }
}
