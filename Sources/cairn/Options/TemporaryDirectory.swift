// SPDX-License-Identifier: Apache-2.0

import Repository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where temporary files go.
enum TemporaryDirectory {
    /// `TMPDIR` if set, else the repository, which is on a disk with room, else `/tmp`.
    static func path(beside repository: Repository?) -> String {
        if let value = getenv("TMPDIR"), value.pointee != 0 { return String(cString: value) }
        return repository?.path ?? "/tmp"
    }
}
