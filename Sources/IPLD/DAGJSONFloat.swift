// SPDX-License-Identifier: Apache-2.0

/// How DAG-JSON writes floats: the fewest digits that read back as the same float.
///
/// Plain below 1e21 and from 1e-6 on, else with an exponent, as JavaScript and Go do; whole
/// numbers keep a decimal point, as they would read as integers without.
enum DAGJSONFloat {
    /// The text of a finite float.
    static func text(of value: Double) -> [UInt8] {
        var output: [UInt8] = []
        if value.sign == .minus { output.append(minus) }
        let (digits, pointPosition) = decimal(of: value.magnitude)
        switch pointPosition {
        case -5...0:
            output += [zero, point]
            output.append(contentsOf: repeatElement(zero, count: -pointPosition))
            output += digits
        case 1...21:
            output += digits.prefix(pointPosition)
            let missing = pointPosition - digits.count
            if missing >= 0 {
                output.append(contentsOf: repeatElement(zero, count: missing))
                output += [point, zero]
            } else {
                output.append(point)
                output += digits[pointPosition...]
            }
        default:
            output.append(digits[0])
            if digits.count > 1 {
                output.append(point)
                output += digits[1...]
            } else if pointPosition > 0 {
                output += [point, zero]
            }
            output.append(UInt8(ascii: "e"))
            output.append(pointPosition > 0 ? UInt8(ascii: "+") : minus)
            output.append(contentsOf: (pointPosition - 1).magnitude.description.utf8)
        }
        return output
    }

    private static let zero = UInt8(ascii: "0")
    private static let point = UInt8(ascii: ".")
    private static let minus = UInt8(ascii: "-")

    /// The shortest digits, without zeros at either end, and how many stand before the point.
    ///
    /// Taken from `description`, which promises the shortest digits but has another layout.
    private static func decimal(of value: Double) -> (digits: [UInt8], pointPosition: Int) {
        guard value != 0 else { return ([zero], 1) }
        var digits: [UInt8] = []
        var pointPosition: Int?
        let parts = value.description.split(separator: "e")
        for byte in parts[0].utf8 {
            if byte == point { pointPosition = digits.count } else { digits.append(byte) }
        }
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let leading = digits.prefix { $0 == zero }.count
        let position = (pointPosition ?? digits.count) + exponent - leading
        digits.removeFirst(leading)
        while digits.last == zero { digits.removeLast() }
        return (digits, position)
    }
}
