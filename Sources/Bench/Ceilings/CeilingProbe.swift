// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats

/// Measures ``Ceilings``.
struct CeilingProbe {
    /// Where repositories go; probes write here.
    let store: Directory
    /// Where corpora lie; read probes use it.
    let data: Directory
    let cores: Int
    let effort: BenchPlan.Effort

    func measure(_ progress: (String) -> Void) async throws -> Ceilings {
        progress("reading")
        let (cachedRead, deviceRead) = try await read()
        progress("hashing")
        var hashes: [Ceilings.CoreRate] = []
        for function in HashFunction.allCases where function != .identity {
            hashes.append(try await hash(function))
        }
        progress("writing")
        let (cachedWrite, durableWrite) = try await write()
        let sync = try await sync()
        progress("catalog")
        let catalog = try await CatalogProbe(store: store, effort: effort).measure()
        return Ceilings(
            cachedReadRate: cachedRead, deviceReadRate: deviceRead, cachedWriteRate: cachedWrite,
            durableWriteRate: durableWrite, syncSeconds: sync, hashes: hashes,
            insertRate: catalog.insertRate, insertCPUSeconds: catalog.insertCPUSeconds,
            hitRate: catalog.hitRate, missRate: catalog.missRate)
    }

    /// Measures once more what depends on the device, whose mood may have changed, and keeps the
    /// better figures.
    ///
    /// - Parameter shownRate: bytes per second that a run was seen to make durable.
    func improve(_ ceilings: inout Ceilings, shownRate: Double) async throws {
        let (cachedWrite, durableWrite) = try await write()
        ceilings.cachedWriteRate = max(ceilings.cachedWriteRate, cachedWrite)
        ceilings.durableWriteRate = max(ceilings.durableWriteRate, durableWrite, shownRate)
        ceilings.syncSeconds = min(ceilings.syncSeconds, try await sync())
    }

    private func hash(_ function: HashFunction) async throws -> Ceilings.CoreRate {
        // As much as a chunk has by default.
        let byteCount = 1 << 20
        return try await Trial.rate(
            function.name, byteCount: byteCount, cores: cores, budget: effort.coreBudget
        ) {
            var random = SplitMix(seed: 5)
            var bytes = [UInt8](repeating: 0, count: byteCount)
            bytes.withUnsafeMutableBytes { random.fill($0) }
            return { _ = try function.digest(of: bytes.span) }
        }
    }

    private func read() async throws -> (cached: Double, device: Double?) {
        let (data, byteCount) = (data, effort.probeByteCount)
        return try await BlockingPool.shared.run {
            let name = Array("read-probe".utf8)
            let file = try data.createFile(name)
            defer { try? data.remove(name) }  // the scratch directory is removed in any case
            try Self.fill(file, byteCount)
            try file.synchronize()
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            var (trials, deviceSeconds) = ([Double](), Double.infinity)
            for _ in 0..<7 {
                let start = CPUClock.thread
                try Self.readAll(file, buffer)
                trials.append((CPUClock.thread - start).inSeconds)
            }
            for _ in 0..<2 {
                file.dropFromCache()
                file.adviseSequential()
                let start = ContinuousClock.now
                try Self.readAll(file, buffer)
                deviceSeconds = min(deviceSeconds, start.duration(to: .now).inSeconds)
            }
            let cached = Double(byteCount) / max(trials.lowerMedian ?? 0, 1e-9)
            let deviceRate = Double(byteCount) / deviceSeconds
            // Nothing reads a device as fast as the cache; what seems to was still cached.
            return (cached, deviceRate < cached * 0.8 ? deviceRate : nil)
        }
    }

    private static func readAll(
        _ file: borrowing File, _ buffer: UnsafeMutableRawBufferPointer
    ) throws {
        try file.seek(to: 0)
        while try file.read(into: buffer) > 0 { try Task.checkCancellation() }
    }

    private func write() async throws -> (cached: Double, durable: Double) {
        let (store, byteCount) = (store, effort.probeByteCount)
        return try await BlockingPool.shared.run {
            var (cached, durable) = ([Double](), Double.infinity)
            for number in 0..<3 {
                let name = Array("write-probe-\(number)".utf8)
                let file = try store.createFile(name)
                defer { try? store.remove(name) }  // the scratch directory is removed in any case
                let (cpuStart, start) = (CPUClock.thread, ContinuousClock.now)
                try Self.fill(file, byteCount)
                cached.append((CPUClock.thread - cpuStart).inSeconds)
                try file.synchronize()
                durable = min(durable, start.duration(to: .now).inSeconds)
            }
            return (
                Double(byteCount) / max(cached.lowerMedian ?? 0, 1e-9), Double(byteCount) / durable
            )
        }
    }

    /// Writes `byteCount` bytes that do not compress, in pieces of 1 MiB, which go to the device
    /// while the next are written.
    private static func fill(_ file: borrowing File, _ byteCount: Int) throws {
        var random = SplitMix(seed: 6)
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        piece.withUnsafeMutableBytes { random.fill($0) }
        var written = 0
        while written < byteCount {
            try Task.checkCancellation()
            try file.writeAll(piece)
            if written % (8 << 20) == 0, written > 0 {
                file.startWriteback(Int64(written - 8 << 20)..<Int64(written))
            }
            written += piece.count
        }
    }

    private func sync() async throws -> Double {
        let store = store
        return try await BlockingPool.shared.run {
            let name = Array("sync-probe".utf8)
            let file = try store.createFile(name)
            defer { try? store.remove(name) }  // the scratch directory is removed in any case
            let block = [UInt8](repeating: 1, count: 4096)
            var trials: [Double] = []
            for _ in 0..<15 {
                let start = ContinuousClock.now
                try file.writeAll(block)
                try file.synchronize()
                trials.append(start.duration(to: .now).inSeconds)
            }
            return trials.lowerMedian ?? 0
        }
    }
}
