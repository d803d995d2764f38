// SPDX-License-Identifier: Apache-2.0

/// The kinds of input that are measured, made from a seed.
///
/// The bytes of a corpus depend on its name, its size and its seed alone: every machine makes the
/// same. Together the files have exactly as many bytes as were asked for; the last one is cut.
public enum Corpus: String, CaseIterable, Sendable {
    /// One file of bytes that do not compress.
    case random
    /// One file of text.
    case compressible
    /// Sources, programs and media in several levels of directories: 128 B to 128 KiB, evenly
    /// spread over the orders of magnitude, and one file in 2,000 of 1 to 16 MiB; 22 KiB on
    /// average.
    case tree
    /// Files of 200 B to 16 KB, 250 to a directory; 70 % text, 30 % random.
    case smallFiles = "small-files"
    /// Directories 200 levels deep, with two files of 1 to 8 KiB on each level.
    case deep
    /// One directory of files of 64 B to 2 KB; a million per GiB.
    case hugeDirectory = "huge-directory"
    /// A tree of files of 4 KiB to 4 MiB of which half are copies of others, and a quarter are
    /// others with something inserted, or with another end.
    case duplicates
    /// The files of ``tree``, ingested a second time.
    case unchanged

    /// What the corpus is, in a few words.
    public var summary: String {
        switch self {
        case .random: "one file of random bytes"
        case .compressible: "one file of text"
        case .tree: "a mixed tree of files, 22 KiB on average"
        case .smallFiles: "files of 0.2 to 16 KB, 250 to a directory"
        case .deep: "directories 200 levels deep"
        case .hugeDirectory: "one directory of tiny files"
        case .duplicates: "a tree most of whose content occurs more than once"
        case .unchanged: "the mixed tree again, unchanged"
        }
    }

    /// The size that is taken unless another is given, in bytes: what the targets are stated for.
    public var defaultByteCount: Int {
        switch self {
        case .random, .compressible, .tree, .duplicates, .unchanged: 1 << 30
        case .smallFiles: 400 << 20
        case .deep: 128 << 20
        case .hugeDirectory: 128 << 20
        }
    }

    /// Bytes per file, about; nil where there is one file.
    var meanFileByteCount: Int? {
        switch self {
        case .random, .compressible: nil
        case .tree, .unchanged: 22 << 10
        case .smallFiles: 8100
        case .deep: 4608
        case .hugeDirectory: 1024
        case .duplicates: 600 << 10
        }
    }

    /// How much room a corpus of `byteCount` takes on disk, at most: each file its blocks of
    /// 4 KiB and its inode.
    public func diskByteCount(of byteCount: Int) -> Int {
        let files = meanFileByteCount.map { byteCount / $0 + 16 } ?? 1
        return byteCount + files * 5120
    }
}
