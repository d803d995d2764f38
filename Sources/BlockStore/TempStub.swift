public import IPLD
public import Multiformats
public protocol BlockStore: BlockSource {}
public struct BlockStoreError: Error { 
  public enum Code: Sendable { case notFound, corrupt }
  public init(_ c: Code, cid: CID, message: String = "", cause: (any Error)? = nil) {}
  public static func verify(_ b: Block) throws {}
}
