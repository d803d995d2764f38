// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import CLinux
    import Glibc
#else
    import Darwin
#endif

/// Facts about the machine.
public enum Machine {
    /// The cores that this process may use; its affinity counts, as set by `taskset`.
    public static var coreCount: Int {
        #if canImport(Glibc)
            // Room for 8192 cores; the kernel writes at most as many bytes as it is told.
            var mask = [UInt8](repeating: 0, count: 1024)
            let byteCount = UInt(mask.count)
            let written = unsafe mask.withUnsafeMutableBytes {
                unsafe sched_getaffinity(0, byteCount, $0.baseAddress)
            }
            let count = mask.reduce(0) { $0 + $1.nonzeroBitCount }
            if written >= 0, count > 0 { return count }
        #endif
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// The name of this host, "localhost" if it has none.
    public static var hostName: String {
        var name = [UInt8](repeating: 0, count: 256)
        let result = unsafe name.withUnsafeMutableBytes { buffer in
            // One byte is left as terminator; the base is not nil, for there are 256 bytes.
            unsafe buffer.baseAddress.map {
                unsafe gethostname($0.assumingMemoryBound(to: CChar.self), buffer.count - 1)
            } ?? -1
        }
        let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        return result == 0 && !text.isEmpty ? text : "localhost"
    }

    /// Keeps glibc's heaps few, and what is freed of them for the next use; for the start of a
    /// program.
    ///
    /// Left alone, glibc has eight heaps for each core, with holes in all of them. An ingest of a
    /// directory of a million files has 155 instead of 230 MiB resident, in the same time. Buffers of
    /// blocks and frames, below 4 MiB, stay in the heaps: given back to the kernel each time, as of
    /// 256 KiB on they once were, their pages have to be cleared anew, which took as much time as all
    /// else in a restore.
    public static func keepHeapsFew() {
        #if canImport(Glibc)
            // Hints: what fails changes nothing else.
            _ = mallopt(M_ARENA_MAX, Int32(max(2, coreCount)))
            _ = mallopt(M_MMAP_THRESHOLD, 4 << 20)
            _ = mallopt(M_TRIM_THRESHOLD, 16 << 20)
        #endif
    }

    /// Lets this process have up to `count` descriptors at once, if the system lets it.
    ///
    /// Without one left, more than the next file fails: the workers of Swift's tasks are watched by
    /// libdispatch through files in `/proc`, and it ends the process if it cannot open one.
    /// - Returns: how many it may have, `count` at most.
    public static func raiseDescriptorLimit(to count: Int) -> Int {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return count }
        let wanted = min(rlim_t(count), limit.rlim_max)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if unsafe setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(min(limit.rlim_cur, rlim_t(count)))
    }

    /// Gives the calling thread less processor time than others get, and on most disks later reads.
    ///
    /// A hint: what fails changes nothing else.
    static func lowerThreadPriority(to niceness: Int32) {
        #if canImport(Glibc)
            // For Linux the process 0 is the calling thread.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        #endif
    }

    /// Gives all threads of this process, and those that they start, less processor time than
    /// other processes get; for programs that nobody waits for.
    public static func lowerPriority(to niceness: Int32 = 19) {
        #if canImport(Glibc)
            guard let tasks = try? Directory("/proc/self/task"),  // without it, one thread is nicer
                var stream = try? DirectoryStream(tasks)
            else { return lowerThreadPriority(to: niceness) }
            while let entry = try? stream.next() {
                guard let thread = UInt32(String(decoding: entry.name, as: UTF8.self)) else {
                    continue
                }
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), thread, niceness)
            }
        #endif
    }
}
