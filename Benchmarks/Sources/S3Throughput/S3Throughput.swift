// SPDX-License-Identifier: Apache-2.0

import FileIO
import Foundation
import ObjectStore
import S3

/// Puts a file into a bucket and reads it back, once each, and tells the time and what it cost.
///
///     S3Throughput ENDPOINT BUCKET FILE      credentials from the environment; see Benchmarks/s3
///
/// Reads go on in pieces of a MiB from the file, as a pack is moved, and in windows of 32 MiB back.
@main
struct S3Throughput {
    private static let pieceByteCount = 1 << 20
    private static let windowByteCount = 32 << 20

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let key = ObjectKey("throughput-\(getpid())") else {
            print("usage: S3Throughput ENDPOINT BUCKET FILE")
            exit(2)
        }
        let options = try S3Options(
            bucket: arguments[2], endpoint: arguments[1], credentials: .environment)
        let store = try S3ObjectStore(options, environment: ProcessInfo.processInfo.environment)
        try await BlockingPool.shared.run {
            let file = try File(arguments[3], .read)
            let byteCount = try file.status().byteCount
            let put = try measure {
                let writer = try store.create(key)
                var offset: Int64 = 0
                while offset < byteCount {
                    let count = Int(min(Int64(pieceByteCount), byteCount - offset))
                    try writer.append(try file.readExactly(count, at: offset))
                    offset += Int64(count)
                }
                try writer.seal()
            }
            let get = try measure {
                let reader = try store.open(key)
                var offset: Int64 = 0
                while offset < reader.byteCount {
                    let count = Int(min(Int64(windowByteCount), reader.byteCount - offset))
                    let bytes = try reader.read(count, at: offset)
                    offset += Int64(bytes.count)
                }
            }
            try store.delete(key)
            print(
                """
                {"bytes": \(byteCount), "putSeconds": \(put.seconds), "putCPU": \(put.cpu), \
                "getSeconds": \(get.seconds), "getCPU": \(get.cpu)}
                """)
        }
    }

    /// Seconds by the clock, and of all threads of this process.
    private static func measure(_ body: () throws -> Void) rethrows -> (
        seconds: Double, cpu: Double
    ) {
        let (start, cpu) = (ContinuousClock.now, CPUClock.process)
        try body()
        return (
            (ContinuousClock.now - start) / .seconds(1), (CPUClock.process - cpu) / .seconds(1)
        )
    }
}
