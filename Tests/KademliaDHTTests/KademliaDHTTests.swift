// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Testing
