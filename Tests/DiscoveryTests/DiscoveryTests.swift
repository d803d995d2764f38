// SPDX-License-Identifier: Apache-2.0

import Discovery
import Testing
