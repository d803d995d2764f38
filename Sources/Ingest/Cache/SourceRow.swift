// SPDX-License-Identifier: Apache-2.0

import Catalog
public import Multiformats
import UnixFS

/// The row of a stat cache that says what the source itself became.
public enum SourceRow {
    /// The CID of the source, which vouches for all that the cache's rows name.
    ///
    /// - Parameter row: the row of directory 0, as `Catalog.statCaches()` gives it.
    /// - Returns: nil if the row is missing, damaged or of another form.
    public static func cid(in row: [UInt8]) -> CID? {
        guard let (body, _) = RowChecksum.open(row, number: 0, segment: 0),
            let directory = CachedDirectory(body), let entry = directory.entries.current,
            let range = entry.linkRange(in: directory.entries.bytes)
        else { return nil }
        return CacheEntry.link(directory.entries.bytes[range])?.cid
    }
}
