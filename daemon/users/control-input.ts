// What is read of a client, for the connection that answers it.

/** What a client sends. The connection sets both; whoever reads for it calls them. */
export interface ControlInput {
  /** Descriptors that came with the bytes become the connection's. `isCut`: there were more. */
  onBytes: (bytes: Buffer, descriptors: readonly number[], isCut: boolean) => void;
  onEnd: () => void;
}
