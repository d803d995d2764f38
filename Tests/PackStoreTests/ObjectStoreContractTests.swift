// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import TestSupport
import Testing

struct ObjectStoreContractTests {
    @Test func `a directory keeps the contract of object stores`() throws {
        let directory = try TemporaryDirectory()
        try ObjectStoreContract(try DirectoryObjectStore(path: directory.path + "/objects")).check()
    }
}
