export declare function hasZstd(): boolean;
export declare function fuzzZstd(
  unpack: (packed: Uint8Array, length: number) => Promise<Uint8Array>,
  more: (seed: number) => boolean,
): Promise<{ intact: number; damaged: number; refused: number }>;
