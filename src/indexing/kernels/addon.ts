/** The interface shared by the CPU and CUDA addons: a planned indexer. */
export interface IndexingAddon {
  indexerRun(
    indexer: object,
    params: Uint8Array,
    spots: Float32Array,
    offsets: Uint32Array,
    images: number,
    cells: Float32Array,
    cellCount: number,
    found: Uint8Array,
    results: Uint8Array,
    assignment: Uint8Array,
  ): Promise<void>;
  indexerStage(indexer: object, stage: number): Uint8Array;
  indexerDestroy(indexer: object): void;
}
