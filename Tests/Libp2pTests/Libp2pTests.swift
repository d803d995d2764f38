// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing
