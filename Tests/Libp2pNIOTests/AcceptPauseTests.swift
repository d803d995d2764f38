// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Libp2pNIO

struct AcceptPauseTests {
    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED])
    func `what passes is waited for`(_ errno: Int32) {
        #expect(AcceptPause.isPassing(errno))
    }

    @Test(arguments: [EBADF, EINVAL, ENOTSOCK, EPERM])
    func `what does not pass ends the listening`(_ errno: Int32) {
        #expect(!AcceptPause.isPassing(errno))
    }
}
