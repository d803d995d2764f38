// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension StageWidths {
    /// The cores that this process may use: affinity counts, as under `taskset`.
    public static var coreCount: Int {
        #if canImport(Glibc)
            var set = cpu_set_t()
            if sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 {
                let count = withUnsafeBytes(of: set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
                if count > 0 { return count }
            }
        #endif
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
