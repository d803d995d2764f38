// SPDX-License-Identifier: Apache-2.0

import Foundation

extension DHT {
    /// The time since 1970 (UTC).
    public static let timeSince1970: @Sendable () -> Duration = {
        .seconds(Date().timeIntervalSince1970)
    }
}
