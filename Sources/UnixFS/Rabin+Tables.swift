// SPDX-License-Identifier: Apache-2.0

extension Rabin {
    /// What the arithmetic modulo the polynomial comes to, per byte value.
    struct Tables: Sendable {
        /// Computed once per process.
        static let shared = Tables()

        /// The irreducible polynomial of Kubo's chunker, of degree 53.
        private static let polynomial: UInt64 = 0x3D_F305_DFB2_A805
        private static let degree: UInt64 = 53

        /// For the eight bits that a shift by a byte pushes past the degree: their remainder,
        /// with the bits themselves, so that one XOR both clears and reduces them.
        let modulo: [UInt64]

        /// For the byte that leaves the window: its remainder after the 16 bytes that followed.
        ///
        /// By linearity one XOR after the shift removes it.
        let leaving: [UInt64]

        private init() {
            let modulo = (0..<256).map { (value: UInt64) in
                let high = value << Self.degree
                return Self.remainder(high) | high
            }
            self.modulo = modulo
            self.leaving = (0..<256).map { (value: UInt64) in
                (0..<Rabin.windowByteCount).reduce(value) { remainder, _ in
                    remainder << 8 ^ modulo[Int(remainder >> (Self.degree - 8))]
                }
            }
        }

        private static func remainder(_ dividend: UInt64) -> UInt64 {
            var remainder = dividend
            while remainder >> degree != 0 {
                let top = UInt64(63 - remainder.leadingZeroBitCount)
                remainder ^= polynomial << (top - degree)
            }
            return remainder
        }
    }
}
